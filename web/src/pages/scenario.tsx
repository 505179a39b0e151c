// scenario: the page of one scenario, or of one that is being made: loads what the editor begins
// with.
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "wouter";
import { scenario, scenarioVersion } from "../api/queries";
import { Problem, Waiting } from "../components/parts";
import { ScenarioEditor } from "../components/scenarioeditor";
import { documentFrom, documentOf, edit } from "../lib/document";
import { getIn } from "../lib/pointer";
import { blankDocument } from "../lib/starters";

export default function ScenarioPage({ id }: { id?: string }) {
  return id === undefined ? <NewScenario /> : <ExistingScenario id={id} />;
}

function ExistingScenario({ id }: { id: string }) {
  const { data, error, refetch } = useQuery({ ...scenario(id), refetchOnWindowFocus: false });
  if (error && !data) return <Problem error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return <ScenarioEditor item={data.item} text={data.text} />;
}

// ?from=ID&version=N: begins as a copy.
function NewScenario() {
  const [search] = useSearchParams();
  const from = search.get("from");
  const version = Number(search.get("version") ?? 0);
  const latest = useQuery({ ...scenario(from ?? ""), enabled: from !== null && version === 0 });
  const older = useQuery({ ...scenarioVersion(from ?? "", version), enabled: from !== null && version > 0 });
  const { data, error } = version > 0 ? older : latest;
  if (from === null) return <ScenarioEditor text={documentFrom(blankDocument()).text} />;
  if (error) return <Problem error={error} />;
  if (!data) return <Waiting />;
  return <ScenarioEditor text={copied(data.text)} isCopy />;
}

function copied(text: string): string {
  const document = documentOf(text);
  const name = getIn(document.value, ["name"]);
  return edit(document, ["name"], `${typeof name === "string" ? name : "Scenario"} (copy)`).text;
}
