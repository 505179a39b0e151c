// queries: what pages read from the API, cached and kept fresh by react-query; the one place that
// names the cache's keys.
import { infiniteQueryOptions, QueryClient, queryOptions } from "@tanstack/react-query";
import { isFinal } from "../lib/words";
import { api, ApiError, getScenario, getVersion, ok, validate } from "./client";
import type { Run, RunItem } from "./types";

const LIST_REFRESH_MS = 5000;
const LIVE_REFRESH_MS = 2000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      retry: (failures, error) => !(error instanceof ApiError) && failures < 2,
      networkMode: "always", // the daemon may be on this very machine, with no network at all
    },
    mutations: { networkMode: "always" },
  },
});

export const keys = {
  scenarios: ["scenarios"] as const,
  scenario: (id: string) => ["scenario", id] as const,
  runs: ["runs"] as const,
  run: (id: string) => ["run", id] as const,
};

export const info = queryOptions({
  queryKey: ["info"],
  queryFn: ({ signal }) => ok(api.GET("/api/v1/info", { signal })),
  refetchInterval: 10_000,
});

export function scenarioList(search: string, tag: string | undefined) {
  return infiniteQueryOptions({
    queryKey: [...keys.scenarios, search, tag],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      ok(api.GET("/api/v1/scenarios", { params: { query: { q: search || undefined, tag, cursor: pageParam } }, signal })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: LIST_REFRESH_MS,
    placeholderData: (previous) => previous,
  });
}

export function scenario(id: string) {
  return queryOptions({ queryKey: keys.scenario(id), queryFn: () => getScenario(id) });
}

// What the daemon says about a text: always the same.
export function validation(text: string) {
  return queryOptions({ queryKey: ["validate", text], queryFn: () => validate(text), staleTime: Infinity, gcTime: 10_000 });
}

export function scenarioVersions(id: string) {
  return infiniteQueryOptions({
    queryKey: [...keys.scenario(id), "versions"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      ok(api.GET("/api/v1/scenarios/{id}/versions", { params: { path: { id }, query: { cursor: pageParam } }, signal })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export function scenarioVersion(id: string, version: number) {
  return queryOptions({
    queryKey: [...keys.scenario(id), "version", version],
    queryFn: () => getVersion(id, version),
    staleTime: Infinity,
  });
}

export function runList(filter: { scenario?: string; state?: string }) {
  return infiniteQueryOptions({
    queryKey: [...keys.runs, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      ok(
        api.GET("/api/v1/runs", {
          params: { query: { scenario_id: filter.scenario, state: filter.state, cursor: pageParam } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: (query) => {
      const runs: RunItem[] = query.state.data?.pages.flatMap((page) => page.items) ?? [];
      return runs.some((run) => !isFinal(run.state)) ? LIVE_REFRESH_MS : LIST_REFRESH_MS;
    },
    placeholderData: (previous) => previous,
  });
}

export function run(id: string) {
  return queryOptions<Run>({
    queryKey: keys.run(id),
    queryFn: ({ signal }) => ok(api.GET("/api/v1/runs/{id}", { params: { path: { id } }, signal })),
  });
}

// `live`: the result so far, asked for again and again.
export function result(id: string, live: boolean) {
  return queryOptions({
    queryKey: [...keys.run(id), "result", live],
    queryFn: ({ signal }) => ok(api.GET("/api/v1/runs/{id}/result", { params: { path: { id } }, signal })),
    refetchInterval: live ? LIVE_REFRESH_MS : false,
    staleTime: live ? 0 : Infinity,
  });
}

export function series(id: string, request?: string) {
  return queryOptions({
    queryKey: [...keys.run(id), "series", request],
    queryFn: ({ signal }) =>
      ok(api.GET("/api/v1/runs/{id}/series", { params: { path: { id }, query: { request } }, signal })),
    staleTime: Infinity,
  });
}
