// run: the page of one run: live while it lasts, then its result.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { keys, run as runQuery } from "../api/queries";
import type { Run } from "../api/types";
import { LiveView } from "../components/liveview";
import { Problem, Waiting } from "../components/parts";
import { ResultView } from "../components/resultview";
import { isFinal } from "../lib/words";

export default function RunPage({ id }: { id: string }) {
  const cache = useQueryClient();
  const { data, error, refetch } = useQuery({ ...runQuery(id), refetchOnWindowFocus: false });
  const onRun = useCallback(
    (next: Run) => {
      cache.setQueryData(keys.run(id), next);
      if (!isFinal(next.state)) return;
      for (const queryKey of [keys.runs, keys.scenarios, ["info"]]) void cache.invalidateQueries({ queryKey });
    },
    [cache, id],
  );
  if (error && !data) return <Problem error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return isFinal(data.state) ? <ResultView run={data} /> : <LiveView run={data} onRun={onRun} />;
}
