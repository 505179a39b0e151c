// scenarioeditor: one scenario's document in two views, the form and the JSON; saving it, starting
// it; its runs and versions beside them.
import { Alert, Badge, Button, Group, Paper, Tabs, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { ApiError, createScenario, getScenario, replaceScenario } from "../api/client";
import { keys, validation } from "../api/queries";
import type { FieldError, Scenario } from "../api/types";
import { ago, instant } from "../lib/format";
import { setUnsaved } from "../lib/guard";
import { isRecord } from "../lib/pointer";
import { Problems } from "../lib/problems";
import { useStartRun } from "./actions";
import { type Draft, useDraft } from "./draft";
import { ScenarioForm } from "./form/form";
import { showField } from "./form/focus";
import { IconAlert, IconPlay } from "./icons";
import { Empty, PageHead, Waiting } from "./parts";
import { ProblemList } from "./problemlist";
import { RunTable } from "./runtable";
import { ScenarioMenu } from "./scenariomenu";
import { Versions } from "./versions";

const JsonEditor = lazy(() => import("./jsoneditor"));

interface ScenarioEditorProps {
  item?: Scenario; // none: a new one
  text: string;
  isCopy?: boolean;
}

type View = "form" | "json" | "runs" | "versions";

export function ScenarioEditor({ item, text, isCopy = false }: ScenarioEditorProps) {
  const [, navigate] = useLocation();
  const cache = useQueryClient();
  const draft = useDraft(text, item === undefined);
  const [view, setView] = useState<View>("form");
  const [place, setPlace] = useState<{ line: number; column: number }>();
  const [version, setVersion] = useState(item?.version ?? 0);
  // A new form does not begin with complaints about what nobody has had a chance to enter.
  const [strict, setStrict] = useState(item !== undefined || isCopy);
  const touched = useRef(new Set<string>());
  const [, redraw] = useState(0);
  const start = useStartRun();

  const save = useMutation({
    mutationFn: async () => {
      const sent = draft.document.text;
      const saved = item ? await replaceScenario(item.id, version, sent) : await createScenario(sent);
      return { saved, sent };
    },
    onSuccess: ({ saved, sent }) => {
      draft.reset(sent);
      setVersion(saved.version);
      setUnsaved(false);
      cache.setQueryData(keys.scenario(saved.id), { item: saved, text: sent });
      void cache.invalidateQueries({ queryKey: keys.scenarios });
      void cache.invalidateQueries({ queryKey: [...keys.scenario(saved.id), "versions"] });
    },
    onError: () => setStrict(true),
  });

  const saveIt = async (then: (saved: Scenario) => void) => {
    setStrict(true);
    save.reset();
    // What is shown as wrong may be of a moment ago: this very text counts.
    const said = draft.own.length > 0 ? undefined : await cache.fetchQuery(validation(draft.document.text)).catch(() => undefined);
    const [mistake] = said && !said.valid ? said.errors : draft.own;
    if (mistake) showMistake(mistake, draft, setView, setPlace);
    else save.mutate(undefined, { onSuccess: ({ saved }) => then(saved) });
  };
  const onSave = () =>
    void saveIt((saved) => {
      notifications.show({ color: "teal", message: saved.version === version ? "Nothing had changed" : `Saved as version ${saved.version}` });
      if (!item) navigate(`/scenarios/${saved.id}`, { replace: true });
    });
  const onStart = () => {
    if (item && !draft.dirty) start.mutate({ scenario_id: item.id });
    else void saveIt((saved) => start.mutate({ scenario_id: saved.id }));
  };
  useHotkeys([["mod+S", onSave]], []);

  const shown = strict ? draft.problems : new Problems(draft.problems.list.filter((error) => isTouched(touched.current, error)));
  const gone = item?.deleting ?? false;
  return (
    <>
      <PageHead
        title={titleOf(draft, item)}
        kicker={
          <Link href="/scenarios" className="plain">
            Scenarios
          </Link>
        }
        beside={draft.dirty && item ? <Badge color="yellow">Not saved</Badge> : undefined}
        below={
          item ? (
            <>
              Version {version}, changed <span title={instant(item.updated_at)}>{ago(item.updated_at)}</span>
            </>
          ) : (
            "Not saved yet"
          )
        }
        actions={
          <>
            {item && <ScenarioMenu item={item} />}
            <Button variant="default" onClick={onSave} loading={save.isPending} disabled={gone || (item !== undefined && !draft.dirty)}>
              Save
            </Button>
            <Button leftSection={<IconPlay size={16} />} onClick={onStart} loading={start.isPending} disabled={gone}>
              {item && !draft.dirty ? "Start" : "Save and start"}
            </Button>
          </>
        }
      />
      {gone && (
        <Alert color="orange" icon={<IconAlert />} mb="md" title="This scenario is being deleted" />
      )}
      <SaveProblem error={save.error} item={item} onTheirs={(theirs) => (draft.reset(theirs.text), setVersion(theirs.version), save.reset())} onMine={(theirs) => (setVersion(theirs.version), save.reset())} />
      {draft.error && <Alert color="orange" icon={<IconAlert />} mb="md" title="Not checked" children={draft.error.message} />}
      <ProblemList
        problems={shown}
        onPick={(error) => {
          if (view !== "form" || !showField(error)) {
            setView("json");
            setPlace({ line: error.line ?? 1, column: error.column ?? 1 });
          }
        }}
      />
      <Tabs value={view} onChange={(next) => setView(next as View)} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="form">Form</Tabs.Tab>
          <Tabs.Tab value="json">JSON</Tabs.Tab>
          {item && <Tabs.Tab value="runs">Runs</Tabs.Tab>}
          {item && <Tabs.Tab value="versions">Versions</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel
          value="form"
          onBlurCapture={(event) => {
            const pointer = (event.target as HTMLElement).closest("[data-pointer]")?.getAttribute("data-pointer");
            if (pointer) {
              touched.current.add(pointer);
              redraw((n) => n + 1);
            }
          }}
        >
          {isRecord(draft.document.value) ? (
            <ScenarioForm value={draft.document.value} problems={shown} plan={draft.plan} tools={draft.tools} />
          ) : (
            <Empty title="There is no form for this text">
              It is not a JSON object{draft.document.value === undefined ? " yet" : ""}. Mend it in the JSON view.
            </Empty>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <Suspense fallback={<Waiting />}>
            <JsonEditor text={draft.document.text} problems={draft.problems} checked={draft.checked} place={place} onChange={draft.setText} onSave={onSave} />
          </Suspense>
          <Text size="xs" className="soft" mt="xs">
            The same document as in the form. Ctrl-Space completes, Ctrl-S saves. `squalld run FILE` takes the same text.
          </Text>
        </Tabs.Panel>
        {item && (
          <Tabs.Panel value="runs">
            <Paper p={0}>
              <RunTable filter={{ scenario: item.id }} />
            </Paper>
          </Tabs.Panel>
        )}
        {item && (
          <Tabs.Panel value="versions">
            <Versions id={item.id} current={version} onTake={(older) => (draft.setText(older), setView("form"))} />
          </Tabs.Panel>
        )}
      </Tabs>
    </>
  );
}

function titleOf(draft: Draft, item: Scenario | undefined): string {
  const name = isRecord(draft.document.value) ? draft.document.value.name : undefined;
  return typeof name === "string" && name.trim() !== "" ? name : (item?.name ?? "New scenario");
}

function isTouched(touched: Set<string>, error: FieldError): boolean {
  for (const pointer of touched) if (error.pointer === pointer || error.pointer.startsWith(`${pointer}/`)) return true;
  return false;
}

function showMistake(first: FieldError, draft: Draft, setView: (view: View) => void, setPlace: (place: { line: number; column: number }) => void): void {
  if (isRecord(draft.document.value)) {
    setView("form");
    requestAnimationFrame(() => showField(first));
  } else {
    setView("json");
    setPlace({ line: first.line ?? 1, column: first.column ?? 1 });
  }
}

interface Theirs {
  text: string;
  version: number;
}

interface SaveProblemProps {
  error: Error | null;
  item: Scenario | undefined;
  onTheirs: (theirs: Theirs) => void;
  onMine: (theirs: Theirs) => void;
}

// Somebody else saved meanwhile: nothing is overwritten unasked.
function SaveProblem({ error, item, onTheirs, onMine }: SaveProblemProps) {
  if (!error) return null;
  if (!(error instanceof ApiError && error.status === 412 && item)) {
    return <Alert color="red" icon={<IconAlert />} mb="md" title="Not saved" role="alert" children={error.message} />;
  }
  const fetchTheirs = async (then: (theirs: Theirs) => void) => {
    const { item: latest, text } = await getScenario(item.id);
    then({ text, version: latest.version });
  };
  return (
    <Alert color="orange" icon={<IconAlert />} mb="md" title="Somebody else changed this scenario meanwhile" role="alert">
      <Group gap="sm" mt="xs">
        <Button size="xs" variant="default" onClick={() => void fetchTheirs(onTheirs)}>
          Take theirs, drop my changes
        </Button>
        <Button size="xs" variant="default" onClick={() => void fetchTheirs(onMine)}>
          Keep mine; the next save makes it the latest version
        </Button>
      </Group>
    </Alert>
  );
}
