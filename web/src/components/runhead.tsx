// runhead: the head of a run's page: whose run it is, how it stands, why.
import { Alert, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Run } from "../api/types";
import { duration, instant, plural } from "../lib/format";
import { IconAlert, IconInfo } from "./icons";
import { PageHead, RunStateBadge } from "./parts";

export function RunHead({ run, actions }: { run: Run; actions: ReactNode }) {
  return (
    <>
      <PageHead
        title={run.scenario_name}
        kicker={
          <>
            <Link href="/runs" className="plain">
              Runs
            </Link>{" "}
            / {run.id}
          </>
        }
        beside={<RunStateBadge run={run} size="lg" />}
        below={
          <>
            <Link href={`/scenarios/${run.scenario_id}`}>Version {run.scenario_version}</Link> · {instant(run.started_at ?? run.created_at)} · planned for{" "}
            {duration(run.planned_duration_s)} · {plural(run.workers, "worker")}
            {run.note && ` · ${run.note}`}
          </>
        }
        actions={actions}
      />
      {run.reason && (
        <Alert color={run.state === "failed" ? "red" : "gray"} icon={run.state === "failed" ? <IconAlert /> : <IconInfo />} mb="lg" title={run.state === "failed" ? "The run failed" : undefined}>
          <Text size="sm">{run.reason}</Text>
        </Alert>
      )}
    </>
  );
}
