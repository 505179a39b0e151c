// target: the form's part about where requests go, and how.
import { Grid, Stack, Switch } from "@mantine/core";
import { getIn, pointerOf } from "../../lib/pointer";
import { Disclosure } from "./disclosure";
import { DocField, type EditFn, memoField } from "./field";
import { HeadersField } from "./headers";
import { Timeouts } from "./timeouts";
import type { Problems } from "../../lib/problems";

interface TargetProps {
  target: unknown;
  problems: Problems;
  edit: EditFn;
}

const AT = ["target"];

export const Target = memoField(function Target({ target, problems, edit }: TargetProps) {
  const field = (key: string) => ({ path: [...AT, key], value: getIn(target, [key]), problems, edit });
  const tls = (key: string) => ({ path: [...AT, "tls", key], value: getIn(target, ["tls", key]), problems, edit });
  const beyondUrl = problems.list.some((error) => error.pointer !== "/target/base_url" && error.pointer !== "/target");
  return (
    <Stack gap="sm">
      <DocField
        {...field("base_url")}
        label="Base URL"
        description="Scheme, host and port, and a path prefix if there is one. Requests give their path."
        placeholder="https://shop.example.com"
        inputMode="url"
      />
      <Disclosure label="Headers, connections, timeouts, TLS" troubled={beyondUrl}>
        <Stack gap="md">
          <HeadersField {...field("headers")} description="Sent with every request. A request's own headers replace these." />
          <Switch
            label="Keep connections alive"
            description="Off: a fresh connection for each request"
            data-pointer={pointerOf([...AT, "keep_alive"])}
            checked={getIn(target, ["keep_alive"]) !== false}
            error={problems.at([...AT, "keep_alive"])}
            onChange={(event) => edit([...AT, "keep_alive"], event.currentTarget.checked ? undefined : false)}
          />
          <Timeouts path={[...AT, "timeouts"]} value={getIn(target, ["timeouts"])} problems={problems} edit={edit} />
          <Grid gutter="sm">
            <Grid.Col span={{ base: 12, sm: 6, md: 3 }}>
              <DocField {...field("drain")} label="Drain" description="How long the last answers are waited for" placeholder="5s" />
            </Grid.Col>
            <Grid.Col span={{ base: 12, sm: 6, md: 4 }}>
              <DocField {...tls("server_name")} label="TLS server name" description="In place of the URL's host" placeholder="shop.example.com" />
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 5 }}>
              <DocField {...tls("ca_file")} label="CA file" description="On the machine of squalld, in place of the system's" placeholder="/etc/ssl/our-ca.pem" />
            </Grid.Col>
          </Grid>
          <Switch
            label="Verify TLS certificates"
            data-pointer={pointerOf([...AT, "tls", "verify"])}
            checked={getIn(target, ["tls", "verify"]) !== false}
            error={problems.at([...AT, "tls", "verify"])}
            onChange={(event) => edit([...AT, "tls", "verify"], event.currentTarget.checked ? undefined : false)}
          />
        </Stack>
      </Disclosure>
    </Stack>
  );
});
