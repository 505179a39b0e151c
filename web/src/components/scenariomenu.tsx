// scenariomenu: what else can be done with a scenario: copy it, start it with options, delete it.
import { ActionIcon, Button, Group, Menu, Modal, NumberInput, Stack, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useLocation } from "wouter";
import type { ScenarioItem } from "../api/types";
import { plural } from "../lib/format";
import { setUnsaved } from "../lib/guard";
import { useDeleteScenario, useStartRun } from "./actions";
import { Confirm } from "./confirm";
import { IconCopy, IconDots, IconPlay, IconTrash } from "./icons";

export function ScenarioMenu({ item, subtle = false }: { item: ScenarioItem; subtle?: boolean }) {
  const [, navigate] = useLocation();
  const [deleting, confirmDelete] = useDisclosure(false);
  const [starting, startDialog] = useDisclosure(false);
  const remove = useDeleteScenario(item.id);
  const onDelete = () =>
    remove.mutate(undefined, {
      onSuccess: () => {
        confirmDelete.close();
        setUnsaved(false);
        navigate("/scenarios");
      },
    });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant={subtle ? "subtle" : "default"} color="gray" size={36} aria-label={`More for ${item.name}`}>
            <IconDots />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPlay size={16} />} onClick={startDialog.open} disabled={item.deleting}>
            Start with options…
          </Menu.Item>
          <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => navigate(`/scenarios/new?from=${item.id}`)}>
            Duplicate
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconTrash size={16} />} color="red" onClick={confirmDelete.open} disabled={item.deleting}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm
        opened={deleting}
        title={`Delete “${item.name}”?`}
        text={`All its versions and ${item.runs === 0 ? "its history" : plural(item.runs, "run")} with all results are deleted for good.`}
        action="Delete"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={onDelete}
        onClose={() => (remove.reset(), confirmDelete.close())}
      />
      <StartDialog item={item} opened={starting} onClose={startDialog.close} />
    </>
  );
}

function StartDialog({ item, opened, onClose }: { item: ScenarioItem; opened: boolean; onClose: () => void }) {
  const start = useStartRun();
  const [note, setNote] = useState("");
  const [workers, setWorkers] = useState<number | string>("");
  const run = () =>
    start.mutate({ scenario_id: item.id, note: note || undefined, workers: typeof workers === "number" ? workers : undefined }, { onSuccess: onClose });
  return (
    <Modal opened={opened} onClose={onClose} title={`Start “${item.name}”, version ${item.version}`} centered>
      <Stack gap="sm">
        <Textarea label="Note" description="Why this run; kept with it" placeholder="after the index was added" value={note} maxLength={1000} autosize minRows={2} onChange={(event) => setNote(event.currentTarget.value)} data-autofocus />
        <NumberInput label="Workers" description="Processes that make the load; as many as it needs when empty" placeholder="as needed" min={1} allowDecimal={false} value={workers} onChange={setWorkers} />
        <Group justify="flex-end" mt="sm">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button leftSection={<IconPlay size={16} />} loading={start.isPending} onClick={run}>
            Start
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
