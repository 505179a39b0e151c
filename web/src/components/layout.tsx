// layout: what stands around every page: name, navigation, live runs, light or dark, and what the
// daemon says about itself.
import { ActionIcon, Alert, AppShell, Badge, Container, Group, Text, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { info } from "../api/queries";
import { bytes, plural } from "../lib/format";
import { IconAlert, IconMoon, IconSun, Logo } from "./icons";

function NavItem({ to, label, also }: { to: string; label: string; also?: string }) {
  const [location] = useLocation();
  const here = location === to || location.startsWith(`${to}/`) || location === also;
  return (
    <Link href={to} className="navlink" aria-current={here ? "page" : undefined}>
      {label}
    </Link>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <ActionIcon variant="default" size="lg" aria-label={`Switch to ${other} colours`} onClick={() => setColorScheme(other)}>
      {scheme === "dark" ? <IconSun /> : <IconMoon />}
    </ActionIcon>
  );
}

export function Layout({ children }: { children: ReactNode }) {
  const { data, isError } = useQuery(info);
  return (
    <AppShell header={{ height: 60 }} padding={0}>
      <a href="#main" className="skip">
        Skip to the page
      </a>
      <AppShell.Header className="header">
        <Container size={1280} h="100%">
          <Group h="100%" justify="space-between" wrap="nowrap" gap="xs">
            <Group gap="lg" wrap="nowrap">
              <Link href="/" className="plain" aria-label="Squall, home">
                <Group gap={10} wrap="nowrap">
                  <Logo />
                  <Text fw={700} fz="lg" visibleFrom="xs">
                    Squall
                  </Text>
                </Group>
              </Link>
              <Group component="nav" gap={4} wrap="nowrap" aria-label="Main">
                <NavItem to="/scenarios" label="Scenarios" also="/" />
                <NavItem to="/runs" label="Runs" />
              </Group>
            </Group>
            <Group gap="sm" wrap="nowrap">
              {data && data.live_runs > 0 && (
                <Badge color="blue" variant="dot" component={Link} href="/runs" style={{ cursor: "pointer" }}>
                  {data.live_runs} live
                </Badge>
              )}
              <SchemeSwitch />
            </Group>
          </Group>
        </Container>
      </AppShell.Header>
      <AppShell.Main id="main">
        <Container size={1280} py="xl" style={{ minHeight: "calc(100vh - 110px)" }}>
          {isError && (
            <Alert color="red" icon={<IconAlert />} mb="lg" title="The daemon does not answer">
              Is squalld still running? What is shown here may be old.
            </Alert>
          )}
          {data?.storage_problem && (
            <Alert color="red" icon={<IconAlert />} mb="lg" title="Results cannot be written">
              {data.storage_problem}
            </Alert>
          )}
          {children}
        </Container>
        <Container size={1280} component="footer" pb="md">
          {data && (
            <Text size="xs" className="soft">
              squalld {data.version} on {plural(data.cpus, "core")} · {bytes(data.data_free_bytes)} free ·{" "}
              <a href="/api/v1/openapi.json" className="plain">
                API
              </a>
            </Text>
          )}
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}
