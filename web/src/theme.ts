// theme: Mantine's theme for the whole dashboard: colours, type, defaults of components.
import { Badge, Button, createTheme, type MantineColorsTuple, Paper, Table, Tooltip } from "@mantine/core";

const storm: MantineColorsTuple = [
  "#e5f6fa",
  "#d3e9ef",
  "#a8d3df",
  "#79bbce",
  "#53a8c0",
  "#3b9cb7",
  "#2b96b3",
  "#19829d",
  "#06748d",
  "#00647c",
];

export const theme = createTheme({
  primaryColor: "storm",
  primaryShade: { light: 8, dark: 8 },
  colors: { storm },
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  components: {
    Badge: Badge.extend({ defaultProps: { radius: "sm", variant: "light" } }),
    Button: Button.extend({ defaultProps: { size: "sm" } }),
    Paper: Paper.extend({ defaultProps: { withBorder: true, p: "lg", radius: "md" } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: "sm", horizontalSpacing: "md" } }),
    Tooltip: Tooltip.extend({ defaultProps: { withArrow: true, openDelay: 300, multiline: true, maw: 320 } }),
  },
});
