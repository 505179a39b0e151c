// quickstart: tests one address without writing a scenario: four fields, and it runs.
import { Button, Grid, Group, NumberInput, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { createScenario, validate } from "../api/client";
import { keys } from "../api/queries";
import { documentFrom } from "../lib/document";
import { Problems } from "../lib/problems";
import { quickDocument } from "../lib/starters";
import { useStartRun } from "./actions";
import { IconPlay } from "./icons";
import { Problem } from "./parts";

export function QuickStart() {
  const cache = useQueryClient();
  const start = useStartRun();
  const [url, setUrl] = useState("");
  const [kind, setKind] = useState<"users" | "rate">("users");
  const [level, setLevel] = useState<number | string>(10);
  const [length, setLength] = useState("30s");
  const [problems, setProblems] = useState(Problems.none);
  const create = useMutation({
    mutationFn: async () => {
      const { text } = documentFrom(quickDocument({ url, kind, level: Number(level), duration: length.trim() }));
      const said = await validate(text);
      setProblems(said.valid ? Problems.none : new Problems(said.errors));
      return said.valid ? createScenario(text) : undefined;
    },
    onSuccess: (scenario) => {
      if (!scenario) return;
      void cache.invalidateQueries({ queryKey: keys.scenarios });
      start.mutate({ scenario_id: scenario.id });
    },
  });

  const at = {
    url: url.trim() === "" && problems.list.length > 0 ? "The address to test is needed" : (problems.within(["target"]) ?? problems.within(["steps"]) ?? problems.at(["name"])),
    level: problems.at(["load", kind]) ?? problems.at(["load"]),
    length: problems.at(["load", "duration"]),
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };

  return (
    <form onSubmit={onSubmit} aria-label="Test a URL" noValidate>
      <Grid gutter="sm" align="flex-start">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <TextInput label="URL to test" placeholder="https://staging.example.com/api/health" value={url} onChange={(event) => setUrl(event.currentTarget.value)} error={at.url} inputMode="url" autoComplete="off" spellCheck={false} />
        </Grid.Col>
        <Grid.Col span={{ base: 12, xs: 6, md: 3 }}>
          <Text component="label" size="sm" fw={500} htmlFor="quick-level">
            {kind === "users" ? "Users at once" : "Requests per second"}
          </Text>
          <Group gap="xs" wrap="nowrap" align="flex-start">
            <SegmentedControl
              aria-label="Kind of load"
              value={kind}
              onChange={(next) => setKind(next as "users" | "rate")}
              data={[
                { value: "users", label: "Users" },
                { value: "rate", label: "Rate" },
              ]}
            />
            <NumberInput id="quick-level" min={1} allowNegative={false} value={level} onChange={setLevel} error={at.level} hideControls style={{ flex: 1, minWidth: 70 }} />
          </Group>
        </Grid.Col>
        <Grid.Col span={{ base: 6, xs: 3, md: 2 }}>
          <TextInput label="Duration" placeholder="30s" value={length} onChange={(event) => setLength(event.currentTarget.value)} error={at.length} autoComplete="off" />
        </Grid.Col>
        <Grid.Col span={{ base: 6, xs: 3, md: 2 }}>
          <Button type="submit" fullWidth mt={25} leftSection={<IconPlay size={16} />} loading={create.isPending || start.isPending}>
            Start
          </Button>
        </Grid.Col>
      </Grid>
      {create.error && (
        <div style={{ marginTop: 12 }}>
          <Problem error={create.error} />
        </div>
      )}
      <Text size="xs" className="soft" mt="sm">
        {kind === "users"
          ? "Each user sends the next request as soon as the last one is answered."
          : "Requests leave at this rate, however slow the answers are."}{" "}
        Only test what is yours to test.
      </Text>
    </form>
  );
}
