// types: short names for the shapes of the API, all generated from openapi.json.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type ErrorKind = Schemas["ErrorKind"];
export type FieldError = Schemas["FieldError"];
export type Generator = Schemas["Generator"];
export type Info = Schemas["Info"];
export type LoadKind = Schemas["LoadKind"];
export type Phases = Schemas["Phases"];
export type PlanSummary = Schemas["PlanSummary"];
export type Problem = Schemas["Problem"];
export type Result = Schemas["Result"];
export type Run = Schemas["Run"];
export type RunEvent = Schemas["RunEvent"];
export type RunItem = Schemas["RunItem"];
export type RunState = Schemas["RunState"];
export type Sample = Schemas["Sample"];
export type Scenario = Schemas["Scenario"];
export type ScenarioItem = Schemas["ScenarioItem"];
export type Second = Schemas["Second"];
export type Series = Schemas["Series"];
export type Summary = Schemas["Summary"];
export type Totals = Schemas["Totals"];
export type Validation = Schemas["Validation"];
export type Verdict = Schemas["Verdict"];
