import { expect, test } from "vitest";
import { secret } from "../../core/secret.js";
import type { ToolDefinition } from "../../core/tool.js";
import { icsCalendar } from "../../tools/connectors/calendar.js";
import { folder } from "../../tools/connectors/files.js";
import { smtpMail } from "../../tools/connectors/mail.js";
import { payments } from "../../tools/connectors/payments.js";
import { sms } from "../../tools/connectors/sms.js";
import { tools } from "../../tools/registry.js";

const PROVIDER = { url: "https://pay.house.example", token: secret("PAY_TOKEN") };
const OURS: readonly ToolDefinition[] = [
  ...tools,
  ...folder({ root: "files" }),
  ...smtpMail({ host: "mail.house.example", from: "desk@house.example" }),
  ...icsCalendar({ folder: "calendar", organizer: { name: "Desk", email: "desk@house.example" } }),
  ...payments(PROVIDER),
  ...sms(PROVIDER),
];

test.each(OURS.filter(({ effect }) => effect !== "reads").map((tool) => [tool.name, tool] as const))(
  "%s says what a person does when no code can take it back",
  (_, { effect, compensate, undo, remedy }) => {
    expect(remedy).toMatch(/^[A-Z].+\.$/u);
    if (effect === "irreversible") expect([compensate, undo]).toEqual([undefined, undefined]);
  },
);
