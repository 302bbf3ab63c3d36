import { confirm, isCancel, select, text } from "@clack/prompts";
import type { Decision } from "../../core/approval.js";
import { needsResult } from "../../core/approval.js";
import type { Json } from "../../core/digest.js";
import type { ApprovalView } from "../../core/views.js";
import type { Field } from "./answer-form.js";
import { fieldsOf, templateFor, valueTyped } from "./answer-form.js";
import type { Choice } from "./approval-screen.js";
import { approvalScreen, choicesOf } from "./approval-screen.js";
import { editJson } from "./editor.js";
import { toFailure } from "./failures.js";
import type { Io } from "./io.js";
import { forTerminal } from "./paint.js";
import type { Answer, Person } from "./person.js";
import { readKey } from "./read-key.js";

const PROMPT_LINES = 1;
const LEAVE: Answer = { kind: "leave" };

/** The person at this terminal: single keys, and a line or an editor where words are needed. */
export class TerminalPerson implements Person {
  readonly #io: Io;
  readonly #editor: string | undefined;

  constructor(io: Io, editor: string | undefined) {
    this.#io = io;
    this.#editor = editor;
  }

  async ask(approval: ApprovalView, position = ""): Promise<Answer> {
    let problem: string | undefined;
    let rows = this.#io.host.rows - PROMPT_LINES;
    for (;;) {
      const screen = this.#show(approval, rows, { position, ...(problem !== undefined && { problem }) });
      const choices = choicesOf(approval, screen.isCut);
      const choice = this.#io.isStopping ? undefined : await this.#choose(choices);
      if (!choice) return LEAVE;
      if (choice.does === "later") return { kind: "later" };
      if (choice.does === "all") {
        rows = Number.POSITIVE_INFINITY;
        continue;
      }
      try {
        const decision = await this.#decide(approval, choice);
        if (decision) return { kind: "decided", decision };
        problem = "Nothing was decided.";
      } catch (error) {
        problem = toFailure(error).message;
      }
    }
  }

  async confirm(question: string): Promise<boolean> {
    return (await confirm({ message: question })) === true;
  }

  #show(approval: ApprovalView, rows: number, context: { position?: string; problem?: string }): { isCut: boolean } {
    const { host, paint } = this.#io;
    const screen = approvalScreen(approval, { columns: host.columns, rows, paint, now: host.now(), ...context });
    this.#io.note(screen.text);
    return screen;
  }

  async #choose(choices: readonly Choice[]): Promise<Choice | undefined> {
    const { host, paint } = this.#io;
    host.out(forTerminal(`${paint.bold("Your key")} (${choices.map(({ key }) => key).join("/")}): `));
    for (;;) {
      const key = await readKey();
      if (key === undefined) {
        host.out("\n");
        return undefined;
      }
      const choice = choices.find((each) => each.key === key.toLowerCase());
      if (!choice) continue;
      host.out(`${choice.key} (${choice.name})\n`);
      return choice;
    }
  }

  /** Undefined when the person thought better of it. */
  async #decide(approval: ApprovalView, choice: Choice): Promise<Decision | undefined> {
    if (choice.does === "approve") return needsResult(approval) ? this.#happened(approval) : { type: "approve" };
    if (choice.does === "edit") return this.#edit(approval);
    if (choice.does === "answer") return this.#answer(approval);
    const comment = await line("What is wrong? Your words go to whoever does it again.", true);
    if (comment === undefined) return undefined;
    return { type: "reject", comment, ...(choice.does === "reject_for_good" && { final: true }) };
  }

  /** That it happened, with what it answered. */
  async #happened(approval: ApprovalView): Promise<Decision | undefined> {
    const told = await this.#answer(approval);
    return told && { ...told, type: "approve" };
  }

  async #edit({ shown }: ApprovalView): Promise<Decision | undefined> {
    const edited = await editJson(shown.subject, this.#editor);
    return edited === undefined ? undefined : { type: "edit", edited };
  }

  async #answer({ shown }: ApprovalView): Promise<Decision | undefined> {
    const fields = fieldsOf(shown.schema);
    if (!fields) {
      const answer = await editJson(templateFor(shown.schema), this.#editor);
      return answer === undefined ? undefined : { type: "answer", answer };
    }
    const values = new Map<string | undefined, Json>();
    for (const field of fields) {
      const typed = await fieldText(field);
      if (typed === undefined) return undefined;
      const value = valueTyped(field, typed);
      if (value !== undefined) values.set(field.key, value);
    }
    const single = values.get(undefined);
    const keyed = Object.fromEntries([...values].map(([key, value]) => [key ?? "", value]));
    return { type: "answer", answer: single ?? keyed };
  }
}

async function fieldText(field: Field): Promise<string | undefined> {
  const choices = field.kind === "yes_no" ? ["yes", "no"] : field.choices;
  if (choices.length === 0) {
    return line(forTerminal(field.label), !field.isOptional, (typed) =>
      field.kind === "number" && !Number.isFinite(Number(typed)) ? "This must be a number." : undefined,
    );
  }
  const options = choices.map((value) => ({ value, label: forTerminal(value) }));
  const chosen = await select({
    message: forTerminal(field.label),
    options: field.isOptional ? [...options, { value: "", label: "leave empty" }] : options,
  });
  return isCancel(chosen) ? undefined : chosen;
}

async function line(
  message: string,
  isNeeded: boolean,
  check: (typed: string) => string | undefined = () => undefined,
): Promise<string | undefined> {
  const typed = await text({
    message,
    validate: (value) =>
      isNeeded && (value ?? "").trim() === "" ? "A few words, please; Esc goes back." : check(value ?? ""),
  });
  return isCancel(typed) ? undefined : (typed ?? "");
}
