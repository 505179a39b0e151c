// headers: an object of headers as rows of name and value. Rows without a name yet live here only.
import { ActionIcon, Box, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { isRecord, type Path, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import { IconPlus, IconTrash } from "../icons";
import { type EditFn, textOf } from "./field";

interface Row {
  name: string;
  value: unknown;
}

interface HeadersFieldProps {
  path: Path;
  value: unknown;
  problems: Problems;
  edit: EditFn;
  description: string;
}

function rowsOf(value: unknown): Row[] {
  return isRecord(value) ? Object.entries(value).map(([name, header]) => ({ name, value: header })) : [];
}

function objectOf(rows: Row[]): Record<string, unknown> | undefined {
  const named = rows.filter((row) => row.name !== "");
  return named.length > 0 ? Object.fromEntries(named.map((row) => [row.name, row.value])) : undefined;
}

export function HeadersField({ path, value, problems, edit, description }: HeadersFieldProps) {
  const [rows, setRows] = useState(() => rowsOf(value));
  if (JSON.stringify(objectOf(rows)) !== JSON.stringify(value)) {
    setRows(rowsOf(value)); // it was changed elsewhere: in the JSON view, say
  }
  const change = (next: Row[]) => {
    setRows(next);
    edit(path, objectOf(next));
  };
  const doubled = (name: string) => name !== "" && rows.filter((row) => row.name === name).length > 1;

  return (
    <Box data-pointer={pointerOf(path)} role="group" aria-label="Headers">
      <Text size="sm" fw={500}>
        Headers
      </Text>
      <Text size="xs" className="soft" mb={6}>
        {description}
      </Text>
      <Stack gap="xs">
        {rows.map((row, i) => (
          <Group key={i} gap="xs" wrap="nowrap" align="flex-start">
            <TextInput
              aria-label={`Name of header ${i + 1}`}
              placeholder="Accept"
              value={row.name}
              error={doubled(row.name) ? "This name is there already: the last one counts" : undefined}
              onChange={(event) => change(rows.with(i, { ...row, name: event.currentTarget.value }))}
              style={{ flex: "1 1 40%" }}
            />
            <TextInput
              aria-label={`Value of header ${row.name || i + 1}`}
              placeholder="application/json"
              value={textOf(row.value)}
              error={row.name !== "" ? problems.within([...path, row.name]) : undefined}
              onChange={(event) => change(rows.with(i, { ...row, value: event.currentTarget.value }))}
              style={{ flex: "1 1 60%" }}
            />
            <ActionIcon variant="subtle" color="gray" size={36} aria-label={`Remove header ${row.name || i + 1}`} onClick={() => change(rows.toSpliced(i, 1))}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        {problems.at(path) && (
          <Text size="xs" c="red">
            {problems.at(path)}
          </Text>
        )}
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} />} onClick={() => setRows([...rows, { name: "", value: "" }])} style={{ alignSelf: "flex-start" }}>
          Add a header
        </Button>
      </Stack>
    </Box>
  );
}
