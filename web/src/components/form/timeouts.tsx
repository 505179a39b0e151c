// timeouts: upper bounds of a request's parts, for the whole scenario or for one request.
import { SimpleGrid } from "@mantine/core";
import { getIn, type Path } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import { DocField, type EditFn } from "./field";

const PARTS = [
  ["dns", "name resolution", "5s"],
  ["connect", "connect", "5s"],
  ["tls", "TLS handshake", "5s"],
  ["response", "first byte", "30s"],
  ["total", "whole request", "60s"],
] as const;

interface TimeoutsProps {
  path: Path;
  value: unknown;
  problems: Problems;
  edit: EditFn;
  inherited?: unknown; // the scenario's, which hold where a request says nothing
}

export function Timeouts({ path, value, problems, edit, inherited }: TimeoutsProps) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="sm">
      {PARTS.map(([key, label, usual]) => {
        const general = getIn(inherited, [key]);
        return (
          <DocField
            key={key}
            label={`Timeout: ${label}`}
            placeholder={typeof general === "string" ? general : usual}
            path={[...path, key]}
            value={getIn(value, [key])}
            problems={problems}
            edit={edit}
          />
        );
      })}
    </SimpleGrid>
  );
}
