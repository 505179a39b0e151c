// actions: what can be done to scenarios and runs from several pages, with what follows: the cache
// is refreshed, the page changes, a failure is told.
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { api, ok, startRun } from "../api/client";
import { keys } from "../api/queries";

export function complain(title: string) {
  return (error: Error) => notifications.show({ color: "red", title, message: error.message, autoClose: 8000 });
}

export function useStartRun() {
  const cache = useQueryClient();
  const [, navigate] = useLocation();
  return useMutation({
    mutationFn: startRun,
    onSuccess: (run) => {
      cache.setQueryData(keys.run(run.id), run);
      void cache.invalidateQueries({ queryKey: keys.runs });
      void cache.invalidateQueries({ queryKey: keys.scenarios });
      void cache.invalidateQueries({ queryKey: ["info"] });
      navigate(`/runs/${run.id}`);
    },
    onError: complain("The run was not started"),
  });
}

export function useStopRun(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => ok(api.POST("/api/v1/runs/{id}/stop", { params: { path: { id } } })),
    onSuccess: () => void cache.invalidateQueries({ queryKey: keys.runs }),
    onError: complain("The run was not stopped"),
  });
}

export function useDeleteScenario(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => ok(api.DELETE("/api/v1/scenarios/{id}", { params: { path: { id } } })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.scenarios });
      void cache.invalidateQueries({ queryKey: keys.runs });
    },
  });
}

export function useDeleteRun(id: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => ok(api.DELETE("/api/v1/runs/{id}", { params: { path: { id } } })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.runs });
      void cache.invalidateQueries({ queryKey: keys.scenarios });
    },
  });
}
