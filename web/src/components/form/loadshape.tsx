// loadshape: a small drawing of the load that the daemon understood, stage by stage.
import { Group, Text } from "@mantine/core";
import type { PlanSummary } from "../../api/types";
import { cssColor } from "../../charts/colors";
import { digits, duration } from "../../lib/format";

const WIDTH = 600;
const HEIGHT = 72;

export function LoadShape({ flow }: { flow: PlanSummary["flows"][number] }) {
  const total = flow.duration_s || 1;
  const peak = flow.peak || 1;
  let elapsed = 0;
  const points = [[0, 0]];
  for (const stage of flow.stages) {
    points.push([elapsed, stage.from]);
    elapsed += stage.duration_s;
    points.push([elapsed, stage.to]);
  }
  points.push([elapsed, 0]);
  const drawn = points.map(([t, level]) => `${((t! / total) * WIDTH).toFixed(1)},${(HEIGHT - (level! / peak) * (HEIGHT - 4)).toFixed(1)}`);
  const unit = flow.kind === "users" ? "users" : "arrivals/s";
  const words = `Up to ${digits(flow.peak)} ${unit}, for ${duration(flow.duration_s)}`;
  return (
    <div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" height={HEIGHT} preserveAspectRatio="none" role="img" aria-label={words}>
        <polygon points={drawn.join(" ")} fill={cssColor("violet")} fillOpacity={0.16} />
        <polyline points={drawn.join(" ")} fill="none" stroke={cssColor("violet")} strokeWidth={2} vectorEffect="non-scaling-stroke" />
      </svg>
      <Group justify="space-between">
        <Text size="xs" className="soft">
          0 s
        </Text>
        <Text size="xs" className="soft">
          {words}
        </Text>
        <Text size="xs" className="soft">
          {duration(flow.duration_s)}
        </Text>
      </Group>
    </div>
  );
}
