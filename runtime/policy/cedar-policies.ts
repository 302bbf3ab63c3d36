import { digestOf } from "../../core/digest.js";
import { OrchestratorError } from "../../core/errors.js";
import type { Policies, PolicyFault, PolicyText, RuleBook } from "../../core/policy.js";
import { formatFault } from "../../core/policy.js";
import type { ToolDefinition } from "../../core/tool.js";
import { callSchema } from "./call-schema.js";
import { loadCedar } from "./cedar.js";
import { CedarRuleBook } from "./cedar-rule-book.js";
import type { OwnedText } from "./parsed-policies.js";
import { parsePolicies, validatePolicies } from "./parsed-policies.js";
import { readAdministratorsPolicies, readShippedPolicies } from "./policy-files.js";

/**
 * Policies in Cedar. The package's hold always; a mission's add to them and can only forbid, so every call that they
 * change they change to something stricter; the administrator's may also permit, which no forbid gives way to. The
 * engine is loaded, and files are read, when the first ruling or proof is wanted.
 */
export class CedarPolicies implements Policies {
  readonly #tools: () => Promise<readonly ToolDefinition[]>;
  readonly #folder: string | undefined;
  readonly #books = new Map<string, Promise<RuleBook>>();
  #common: Promise<readonly OwnedText[]> | undefined;

  /** `tools` gives every tool that a policy may name; `folder` is the administrator's. */
  constructor(tools: () => Promise<readonly ToolDefinition[]>, folder?: string) {
    this.#tools = tools;
    this.#folder = folder;
  }

  bookFor(own: readonly PolicyText[]): Promise<RuleBook> {
    const key = own.length === 0 ? "" : digestOf(own);
    const known = this.#books.get(key) ?? this.#open(own);
    this.#books.set(key, known);
    void known.catch(() => this.#books.delete(key));
    return known;
  }

  async versionFor(own: readonly PolicyText[]): Promise<string> {
    return versionOf(await this.#texts(own));
  }

  async faultsOf(own: readonly PolicyText[]): Promise<readonly PolicyFault[]> {
    return own.length === 0 ? [] : (await this.#read(own)).faults;
  }

  async #open(own: readonly PolicyText[]): Promise<RuleBook> {
    const { cedar, texts, policies, faults } = await this.#read(own);
    if (faults.length > 0) throw invalid(faults);
    return new CedarRuleBook(cedar, policies, versionOf(texts));
  }

  async #read(own: readonly PolicyText[]) {
    const [cedar, texts] = await Promise.all([loadCedar(), this.#texts(own)]);
    const { policies, faults } = parsePolicies(cedar, texts);
    const written = texts.filter(({ origin }) => origin !== "package");
    const isReadable = faults.every(({ code }) => code === "policy_loosens");
    if (!isReadable || written.length === 0) return { cedar, texts, policies, faults };
    const unfit = validatePolicies(cedar, written, callSchema(await this.#tools()));
    return { cedar, texts, policies, faults: [...faults, ...unfit] };
  }

  async #texts(own: readonly PolicyText[]): Promise<readonly OwnedText[]> {
    this.#common ??= this.#readCommon().catch((error: unknown) => {
      this.#common = undefined; // read again at the next call, by which somebody may have mended it
      throw error;
    });
    return [...(await this.#common), ...own.map((text) => ({ ...text, origin: "mission" as const }))];
  }

  async #readCommon(): Promise<readonly OwnedText[]> {
    const [shipped, administrators] = await Promise.all([
      readShippedPolicies(),
      this.#folder === undefined ? [] : readAdministratorsPolicies(this.#folder),
    ]);
    return [...shipped, ...administrators];
  }
}

function versionOf(texts: readonly OwnedText[]): string {
  return digestOf(texts.map(({ origin, text }) => [origin, text]));
}

function invalid(faults: readonly PolicyFault[]): OrchestratorError {
  const lines = faults.map((fault) => `\n  ${formatFault(fault)}`);
  return new OrchestratorError("policy_invalid", `Policies cannot be used:${lines.join("")}`, { details: faults });
}
