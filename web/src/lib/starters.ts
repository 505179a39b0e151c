// starters: the documents that a new scenario begins with.

export interface QuickTest {
  url: string;
  kind: "users" | "rate";
  level: number;
  duration: string;
}

// The parts of an address as a document has them. What is not an address stays as it is, for the
// daemon to say what is wrong with it.
export function splitUrl(url: string): { base: string; path: string; host: string } {
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `http://${url}`;
  try {
    const { origin, pathname, search, host, username } = new URL(whole);
    if (username !== "" || origin === "null") throw new Error("not for a base URL");
    return { base: origin, path: pathname + search, host };
  } catch {
    return { base: url, path: "/", host: url };
  }
}

export function quickDocument({ url, kind, level, duration }: QuickTest): unknown {
  const { base, path, host } = splitUrl(url.trim());
  const where = path === "/" ? host : host + path;
  return {
    name: where.length > 100 ? `${where.slice(0, 99)}…` : where,
    target: { base_url: base },
    load: { [kind]: level, duration },
    steps: [{ request: { url: path } }],
  };
}

export function blankDocument(): unknown {
  return {
    name: "",
    target: { base_url: "" },
    load: { users: 10, duration: "30s" },
    steps: [{ request: { url: "/" } }],
  };
}
