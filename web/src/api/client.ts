// client: calls the API with the types of openapi.json. A failure becomes an ApiError that carries
// the daemon's own sentence and the list of mistakes. Documents go and come as text, since parsing
// them here would lose how they are written.
import createClient from "openapi-fetch";
import { memberText } from "../lib/document";
import type { paths } from "./schema";
import type { FieldError, Problem, Run, Scenario, Validation } from "./types";

export class ApiError extends Error {
  readonly status: number;
  readonly errors: FieldError[];

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail || problem.title || `The daemon answered with status ${status}.`);
    this.status = status;
    this.errors = problem.errors ?? [];
  }
}

export class Unreachable extends Error {
  constructor() {
    super("The daemon does not answer. Is squalld still running?");
  }
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new Unreachable();
  }
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: reach });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

// Unwraps an answer of `api`: its data, or a thrown ApiError.
export async function ok<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new ApiError(response.status, (error ?? {}) as Partial<Problem>);
  return data as T;
}

async function sendDocument(method: string, path: string, text: string, headers: HeadersInit = {}): Promise<Response> {
  const response = await reach(
    new Request(new URL(path, location.origin), { method, body: text, headers: { "Content-Type": "application/json", ...headers } }),
  );
  if (!response.ok) throw new ApiError(response.status, (await response.json().catch(() => ({}))) as Partial<Problem>);
  return response;
}

export async function validate(text: string): Promise<Validation> {
  const response = await sendDocument("POST", "/api/v1/scenarios/validate", text);
  return (await response.json()) as Validation;
}

export async function createScenario(text: string): Promise<Scenario> {
  return (await (await sendDocument("POST", "/api/v1/scenarios", text)).json()) as Scenario;
}

export async function replaceScenario(id: string, version: number, text: string): Promise<Scenario> {
  const response = await sendDocument("PUT", `/api/v1/scenarios/${id}`, text, { "If-Match": `"${version}"` });
  return (await response.json()) as Scenario;
}

export interface WithText<T> {
  item: T;
  text: string; // of its document, as it was written
}

async function getWithText<T>(path: string): Promise<WithText<T>> {
  const response = await reach(new Request(new URL(path, location.origin)));
  const answer = await response.text();
  const item = JSON.parse(answer) as unknown;
  if (!response.ok) throw new ApiError(response.status, item as Partial<Problem>);
  return { item: item as T, text: memberText(answer, ["document"]) };
}

export const getScenario = (id: string) => getWithText<Scenario>(`/api/v1/scenarios/${id}`);
export const getVersion = (id: string, version: number) =>
  getWithText<{ version: number; name: string; created_at: string }>(`/api/v1/scenarios/${id}/versions/${version}`);

export function startRun(body: { scenario_id: string; version?: number; workers?: number; note?: string }): Promise<Run> {
  return ok(api.POST("/api/v1/runs", { body }));
}
