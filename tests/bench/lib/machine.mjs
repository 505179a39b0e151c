// machine.mjs: what the numbers were measured on and with.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { root, squalld } from "../../integration/lib/squall.mjs";
import { generatorCore, serverCores } from "./measure.mjs";

function firstLine(command, ...args) {
  const ran = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  return ran.status === 0 ? ran.stdout.split("\n")[0].trim() : "";
}

function debianVersion(name) {
  return firstLine("dpkg-query", "-W", "-f", "${Version}", name) || "not installed";
}

function read(path, otherwise) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}

export function describeMachine() {
  const autocannon = read(join(root, "tests/node_modules/autocannon/package.json"), "{}");
  return {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    virtual: /^flags.*\bhypervisor\b/m.test(read("/proc/cpuinfo", "")),
    memory_gb: Math.round(totalmem() / 1e9),
    kernel: release(),
    debian: read("/etc/debian_version", "").trim(),
    server_cores: serverCores,
    generator_core: generatorCore,
    squalld: firstLine(squalld, "--version"),
    commit: firstLine("git", "rev-parse", "--short", "HEAD"),
    versions: {
      nginx: debianVersion("nginx-common"),
      wrk: debianVersion("wrk"),
      h2load: debianVersion("nghttp2-client"),
      hey: debianVersion("hey"),
      ab: debianVersion("apache2-utils"),
      autocannon: JSON.parse(autocannon).version ?? "not installed",
      node: process.version,
    },
  };
}

export function machineText(m) {
  const versions = Object.entries(m.versions).map(([name, version]) => `${name} ${version}`);
  return (
    `Measured on ${m.cpu}, ${m.cores} cores${m.virtual ? " (virtual machine)" : ""}, ${m.memory_gb} GB, ` +
    `Linux ${m.kernel}, Debian ${m.debian}; generator on core ${m.generator_core}, server on core ` +
    `${m.server_cores}, all over loopback. ${m.squalld} (${m.commit}), ${versions.join(", ")}.`
  );
}
