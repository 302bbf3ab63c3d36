import type { JsonObject } from "../../core/digest.js";
import type { ToolDefinition } from "../../core/tool.js";
import { smtpMail } from "../../tools/connectors/mail.js";
import { payments } from "../../tools/connectors/payments.js";

/** Where an act is cut off: the counterpart has not done it yet, has done it, or has said so too. */
export type CutOff = "before" | "after" | "answered";

/** An act of a connector whose counterpart runs in another process. */
export interface ConnectorAct {
  readonly tool: string;
  readonly args: JsonObject;
  tools(port: number): readonly ToolDefinition[];
}

const LOCAL = { allowHttp: true, allowPrivate: true };

/** One act of each kind that leaves the house. */
export const CONNECTOR_ACTS: Readonly<Record<"mail" | "payment", ConnectorAct>> = {
  mail: {
    tool: "send_mail",
    args: { to: ["ada@example.com"], subject: "Hello", body: "All is well." },
    tools: (port) => smtpMail({ host: "127.0.0.1", port, allowPlain: true, from: "desk@house.example" }),
  },
  payment: {
    tool: "pay",
    args: { payee: "ada", amount_cents: 12_345, currency: "USD", reference: "invoice 7" },
    tools: (port) => payments({ url: `http://127.0.0.1:${port}`, ...LOCAL }),
  },
};
