// words: the API's enumerations in plain English.
import type { ErrorKind, LoadKind, RunState } from "../api/types";

export const ERROR_KINDS: Record<ErrorKind, string> = {
  dns: "Name not resolved",
  connect_refused: "Connection refused",
  connect_timeout: "Connection timed out",
  connect: "Connection failed",
  tls: "TLS handshake failed",
  reset: "Connection reset",
  closed: "Connection closed before the answer",
  timeout: "No complete answer in time",
  malformed_response: "Not a valid HTTP answer",
  headers_too_large: "Response headers too large",
  check_failed: "Unexpected answer",
  capture_failed: "Nothing to capture in the answer",
  bad_value: "A variable would have broken the request",
  local: "Failed on this machine (out of ports, descriptors or memory)",
};

export function errorKind(kind: string): string {
  return ERROR_KINDS[kind as ErrorKind] ?? kind;
}

export const RUN_STATES: Record<RunState, string> = {
  queued: "Queued",
  provisioning: "Starting workers",
  ready: "Ready",
  running: "Running",
  collecting: "Collecting results",
  complete: "Complete",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function isFinal(state: RunState): boolean {
  return state === "complete" || state === "failed" || state === "cancelled";
}

export function peakOf(kind: LoadKind, peak: number): string {
  if (kind === "users") return `${peak} ${peak === 1 ? "user" : "users"}`;
  if (kind === "rate") return `${peak} arrivals/s`;
  return `level ${peak}`;
}

const REASONS: Record<string, string> = {
  "200": "OK",
  "201": "Created",
  "202": "Accepted",
  "204": "No Content",
  "301": "Moved Permanently",
  "302": "Found",
  "304": "Not Modified",
  "307": "Temporary Redirect",
  "308": "Permanent Redirect",
  "400": "Bad Request",
  "401": "Unauthorized",
  "403": "Forbidden",
  "404": "Not Found",
  "405": "Method Not Allowed",
  "409": "Conflict",
  "413": "Content Too Large",
  "422": "Unprocessable Content",
  "429": "Too Many Requests",
  "500": "Internal Server Error",
  "502": "Bad Gateway",
  "503": "Service Unavailable",
  "504": "Gateway Timeout",
};

export function statusReason(code: string): string {
  return REASONS[code] ?? "";
}
