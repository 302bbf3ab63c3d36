import type { OrchestratorApi } from "../../core/views.js";
import type { Paint } from "./paint.js";
import { createPaint, forTerminal, jsonText } from "./paint.js";
import type { Person } from "./person.js";
import type { FreshStore } from "./store-choice.js";

/** The world around one call of the command line: a terminal, pipes, or a test. */
export interface Host {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** True when a person sits there: both input and output are terminals. */
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
  /** Both as they are now: a terminal can be resized. */
  readonly columns: number;
  readonly rows: number;
  /** What a person types to call us; hints begin with it. */
  readonly command: string;
  /** The folder we were called in. */
  readonly folder: string;
  readonly now: () => Date;
  /** The store that the environment names. */
  readonly storeOfEnvironment: () => Promise<string | undefined>;
  /** Opens the store named, or the default one; on request without what the folder's own `mission.config.ts` adds. */
  readonly open: (store: string | undefined, samplesOnly?: boolean) => Promise<OrchestratorApi>;
  /** Calls back at each Ctrl-C; returns how to stop listening. */
  readonly onInterrupt: (callback: () => void) => () => void;
  /** False once a line could not be told, since whoever read the output went away, as `| head` does. */
  readonly isHeard: () => boolean;
  /** Calls back as soon as that is known; returns how to stop listening. */
  readonly onUnheard: (callback: () => void) => () => void;
  /** Somebody who answers on this terminal. Called only when `isTerminal`. */
  readonly person: (io: Io, editor: string | undefined) => Promise<Person>;
}

/** What stands before or after any command. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly store?: string;
  readonly editor?: string;
}

/** What a command prints with and works through; one for each call. */
export interface Io {
  readonly host: Host;
  readonly json: boolean;
  readonly store: string | undefined;
  readonly paint: Paint;
  /** True once a person pressed Ctrl-C: the command ends soon, with exit code 3. */
  readonly isStopping: boolean;
  /** The person wants to leave: nothing more is asked or begun. */
  stop(): void;
  /** For a command that only looks: the first Ctrl-C calls back instead of draining what this process works on. */
  onLeave(callback: () => void): void;
  /** The outcome: the document under `--json`, else the text. */
  print(document: unknown, text: () => string): void;
  /** Progress and remarks: they never mix with a JSON document. */
  note(line: string): void;
  /** Opens the orchestrator on the first call; on the fresh store when there is one, with the package's samples alone. */
  open(fresh?: FreshStore): Promise<OrchestratorApi>;
  /** Who answers here, or nobody when there is no terminal or a program reads along. */
  person(): Promise<Person | undefined>;
  /** A command line to try, as it must be typed here. */
  hint(rest: string): string;
  close(): Promise<void>;
}

/** The `Io` of one call. The first Ctrl-C drains the orchestrator; the second is the host's business. */
export function createIo(host: Host, options: GlobalOptions): Io {
  return new CliIo(host, options);
}

class CliIo implements Io {
  readonly host: Host;
  readonly json: boolean;
  readonly store: string | undefined;
  readonly paint: Paint;
  readonly #editor: string | undefined;
  #opened: Promise<OrchestratorApi> | undefined;
  #person: Promise<Person> | undefined;
  #unlisten: (() => void) | undefined;
  #hintStore: string | undefined;
  #isStopping = false;
  #leave: (() => void) | undefined;

  constructor(host: Host, options: GlobalOptions) {
    this.host = host;
    this.json = options.json === true;
    this.store = options.store;
    this.paint = createPaint(host.hasColors && !this.json);
    this.#editor = options.editor;
    this.#hintStore = options.store;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  stop(): void {
    this.#isStopping = true;
  }

  onLeave(callback: () => void): void {
    this.#leave = callback;
  }

  print(document: unknown, text: () => string): void {
    this.host.out(`${this.json ? jsonText(document) : forTerminal(text())}\n`);
  }

  note(line: string): void {
    const text = `${forTerminal(line)}\n`;
    if (this.json) this.host.err(text);
    else this.host.out(text);
  }

  open(fresh?: FreshStore): Promise<OrchestratorApi> {
    if (fresh) this.#hintStore = fresh.isPlain ? undefined : fresh.url;
    this.#opened ??= this.#openOnce(fresh?.url ?? this.store, fresh !== undefined);
    return this.#opened;
  }

  async person(): Promise<Person | undefined> {
    if (!this.host.isTerminal || this.json) return undefined;
    this.#person ??= this.host.person(this, this.#editor);
    return this.#person;
  }

  hint(rest: string): string {
    const store = this.#hintStore === undefined ? "" : ` --store ${this.#hintStore}`;
    return `${this.host.command} ${rest}${store}`;
  }

  async close(): Promise<void> {
    this.#unlisten?.();
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.close();
  }

  async #openOnce(store: string | undefined, samplesOnly: boolean): Promise<OrchestratorApi> {
    const orchestrator = await this.host.open(store, samplesOnly);
    this.#unlisten = this.host.onInterrupt(() => {
      if (this.#isStopping) return;
      this.#isStopping = true;
      if (this.#leave) return this.#leave();
      this.host.err(
        "\nStopping: what has begun comes to a safe point first. Ctrl-C again leaves at once; nothing accepted is lost.\n",
      );
      orchestrator.drain().catch(() => undefined);
    });
    return orchestrator;
  }
}
