// live: watches a run's Server-Sent Events and hands its seconds, in order of arrival, to whoever
// listens: charts read them without React, tiles with it. The browser comes back by itself after a
// break, saying which second it had last; nothing here polls.
import { Columns } from "../lib/columns";
import { isFinal } from "../lib/words";
import type { Run, Second } from "./types";

export type LinkState = "connecting" | "open" | "broken";

export interface LiveEvents {
  run: (run: Run) => void;
  link: (state: LinkState) => void;
}

const RETRY_MS = 3000;
const ANNOUNCE_EVERY_MS = 250; // a page that comes late gets all seconds so far in one burst

export class LiveRun {
  readonly columns = new Columns();
  latest: Second | undefined;
  private readonly listeners = new Set<() => void>();
  private source: EventSource | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private announcing = false;
  private lastAnnounced = 0;
  private closed = false;

  constructor(
    private readonly id: string,
    private readonly events: LiveEvents,
  ) {
    this.connect();
  }

  // Called after new seconds came, however many, at most a few times a second.
  onSeconds(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.source?.close();
    this.listeners.clear();
  }

  private connect(): void {
    this.events.link("connecting");
    const source = new EventSource(`/api/v1/runs/${this.id}/live`);
    this.source = source;
    source.onopen = () => this.events.link("open");
    source.onerror = () => this.broken(source);
    source.addEventListener("state", (event) => this.onRun(event));
    source.addEventListener("finished", (event) => this.onRun(event));
    source.addEventListener("second", (event) => this.onSecond(JSON.parse((event as MessageEvent<string>).data) as Second));
  }

  private onRun(event: Event): void {
    const run = JSON.parse((event as MessageEvent<string>).data) as Run;
    if (isFinal(run.state)) this.close();
    this.events.run(run);
  }

  private onSecond(second: Second): void {
    this.columns.put(second);
    if (!this.latest || second.s >= this.latest.s) this.latest = second;
    if (this.announcing) return;
    this.announcing = true;
    const wait = this.lastAnnounced + ANNOUNCE_EVERY_MS - performance.now();
    setTimeout(() => requestAnimationFrame(() => this.announce()), Math.max(0, wait));
  }

  private announce(): void {
    this.announcing = false;
    this.lastAnnounced = performance.now();
    for (const listener of this.listeners) listener();
  }

  // A browser gives up by itself after an HTTP error (503: too many streams); this does not.
  private broken(source: EventSource): void {
    if (this.closed) return;
    this.events.link("broken");
    if (source.readyState !== EventSource.CLOSED) return;
    this.retry = setTimeout(() => this.connect(), RETRY_MS);
  }
}
