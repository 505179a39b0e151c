// parts: small pieces that several pages share: heads, states, errors, copyable text, empty lists.
import { ActionIcon, Alert, Badge, Box, Button, Center, CopyButton, Group, Loader, Stack, Text, Title, Tooltip } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import type { RunItem, RunState } from "../api/types";
import { isFinal, RUN_STATES } from "../lib/words";
import { IconAlert, IconCheck, IconCopy } from "./icons";

interface PageHeadProps {
  title: string;
  kicker?: ReactNode; // above the title
  beside?: ReactNode; // badges after it
  below?: ReactNode;
  actions?: ReactNode;
}

export function PageHead({ title, kicker, beside, below, actions }: PageHeadProps) {
  useDocumentTitle(`${title} · Squall`);
  return (
    <Group justify="space-between" align="flex-end" mb="lg" gap="md">
      <Stack gap={4} style={{ minWidth: 0, flex: "1 1 320px" }}>
        {kicker && (
          <Text size="sm" className="soft" component="div">
            {kicker}
          </Text>
        )}
        <Group gap="sm">
          <Title order={1} size="h2">
            {title}
          </Title>
          {beside}
        </Group>
        {below && (
          <Text size="sm" className="soft" component="div">
            {below}
          </Text>
        )}
      </Stack>
      <Group gap="sm">{actions}</Group>
    </Group>
  );
}

const STATE_COLORS: Record<RunState, string> = {
  queued: "gray",
  provisioning: "blue",
  ready: "blue",
  running: "blue",
  collecting: "blue",
  complete: "teal",
  failed: "red",
  cancelled: "gray",
};

// The one word that says how a run stands: its verdict when it is complete, else its state.
export function RunStateBadge({ run, size = "md" }: { run: Pick<RunItem, "state" | "passed">; size?: "md" | "lg" }) {
  const missed = run.state === "complete" && run.passed === false;
  const text = run.state === "complete" ? (missed ? "Not passed" : "Passed") : RUN_STATES[run.state];
  return (
    <Badge color={missed ? "orange" : STATE_COLORS[run.state]} variant={isFinal(run.state) ? "light" : "dot"} size={size} tt="none" miw="max-content">
      {text}
    </Badge>
  );
}

export function Problem({ error, retry }: { error: Error; retry?: () => void }) {
  return (
    <Alert color="red" icon={<IconAlert />} title="This did not work" role="alert">
      <Text size="sm">{error.message}</Text>
      {retry && (
        <Button variant="light" color="red" size="xs" mt="sm" onClick={retry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

export function Waiting() {
  return (
    <Center py={80}>
      <Loader aria-label="Loading" />
    </Center>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center py={60}>
      <Stack gap={4} align="center" maw={460} ta="center">
        <Text fw={600}>{title}</Text>
        <Text size="sm" className="soft" component="div">
          {children}
        </Text>
      </Stack>
    </Center>
  );
}

export function Code({ text, label, wrap = false }: { text: string; label: string; wrap?: boolean }) {
  return (
    <Box pos="relative">
      <pre className="code" tabIndex={0} aria-label={label} style={{ paddingRight: 44, whiteSpace: wrap ? "pre-wrap" : "pre" }}>
        {text}
      </pre>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : "Copy"}>
            <ActionIcon pos="absolute" top={6} right={6} variant="default" c={copied ? "teal" : "dimmed"} onClick={copy} aria-label={`Copy: ${label}`}>
              {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Box>
  );
}

export function SectionTitle({ children, right }: { children: ReactNode; right?: ReactNode }) {
  return (
    <Group justify="space-between" mb="sm" gap="sm">
      <Title order={2} size="h4">
        {children}
      </Title>
      {right}
    </Group>
  );
}

interface TileProps {
  label: string;
  value: string; // "21.3 ms": what follows the first space is set smaller
  note?: string;
  bad?: boolean;
}

export function Tile({ label, value, note, bad }: TileProps) {
  const space = value.indexOf(" ");
  const [figure, unit] = space < 0 ? [value, ""] : [value.slice(0, space), value.slice(space + 1)];
  return (
    <div className={bad ? "tile bad" : "tile"}>
      <dt>{label}</dt>
      <dd>
        {figure}
        {unit && <small> {unit}</small>}
      </dd>
      {note && <dd className="note">{note}</dd>}
    </div>
  );
}
