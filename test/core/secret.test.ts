import { inspect } from "node:util";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { redact, redactError, redactJson, secretWithin } from "../../core/redact.js";
import { holdsSecret, readSecretsWith, secret, secretStates } from "../../core/secret.js";

const values = new Map<string, string>();

beforeEach(() => {
  values.clear();
  readSecretsWith((name) => values.get(name));
});

afterAll(() => readSecretsWith(() => undefined));

describe("a secret", () => {
  test("shows as three dots however it is printed, before and after it was revealed", () => {
    values.set("MAIL_PASSWORD", "hunter2-and-more");
    const mail = secret("MAIL_PASSWORD");

    for (const _ of ["before", "after"]) {
      const printed = [
        `${mail}`,
        String(mail),
        [mail].join(),
        JSON.stringify({ mail }),
        inspect({ mail }),
        inspect(mail),
      ];
      for (const text of printed) expect(text).toContain("•••");
      expect(printed.join(" ")).not.toContain("hunter2");
      mail.reveal();
    }
    expect(mail.reveal()).toBe("hunter2-and-more");
  });

  test("is read when it is revealed, not when it is named", () => {
    const late = secret("LATE_TOKEN");
    values.set("LATE_TOKEN", "first-value");
    const first = late.reveal();
    values.set("LATE_TOKEN", "second-value");

    expect([first, late.reveal()]).toEqual(["first-value", "second-value"]);
    expect(redact("first-value second-value")).toBe("••• •••");
  });

  test("that is a URL keeps the password in it out by itself too, encoded and decoded", () => {
    values.set("DATABASE_URL", "postgres://ada:p%40ss%2Fword@db.example/shop?password=an0ther");
    secret("DATABASE_URL").reveal();

    expect(redact('failed for ada with "p@ss/word", "p%40ss%2Fword" and "an0ther"')).toBe(
      'failed for ada with "•••", "•••" and "•••"',
    );
    expect(redact("db.example/shop")).toBe("db.example/shop");
  });

  test("that is a URL without a password that could be told from other texts keeps only the whole out", () => {
    values.set("SHORT_URL", "postgres://grace:abc@db.example/%zz");
    secret("SHORT_URL").reveal();

    expect(redact("abc postgres://grace:abc@db.example/%zz")).toBe("abc •••");
  });

  test("that is not set is refused with the variable to set", () => {
    expect(() => secret("NOBODY_SET_IT").reveal()).toThrow(
      expect.objectContaining({ code: "secret_missing", message: expect.stringContaining("NOBODY_SET_IT") }),
    );
    values.set("NOBODY_SET_IT", "");
    expect(() => secret("NOBODY_SET_IT").reveal()).toThrow(expect.objectContaining({ code: "secret_missing" }));
  });

  test("too short to be told from other texts is refused without being said", () => {
    values.set("SHORT_PIN", "7#q");

    expect(() => secret("SHORT_PIN").reveal()).toThrow(
      expect.objectContaining({ code: "secret_missing", message: expect.not.stringContaining("7#q") }),
    );
  });

  test("is named by a variable: a value put there by mistake is refused without being said", () => {
    expect(() => secret("p4ss word!")).toThrow(
      expect.objectContaining({ code: "config_invalid", message: expect.not.stringContaining("p4ss") }),
    );
  });

  test("is listed with its state, and never with its value", () => {
    values.set("LISTED_SET", "shown-to-nobody");
    secret("LISTED_SET");
    secret("LISTED_MISSING");

    expect(secretStates()).toEqual(
      expect.arrayContaining([
        { name: "LISTED_SET", state: "set" },
        { name: "LISTED_MISSING", state: "missing" },
      ]),
    );
    expect(JSON.stringify(secretStates())).not.toContain("shown-to-nobody");
  });

  test("is found at any depth, also where a value leads back to itself", () => {
    const circle: { inner: unknown[]; self?: unknown } = { inner: [1, { deep: secret("DEEP") }] };
    circle.self = circle;

    expect(holdsSecret(circle)).toBe(true);
    expect(holdsSecret({ inner: [1, "•••", null] })).toBe(false);
  });
});

describe("what was revealed is kept out of texts", () => {
  const value = 'p@ss/wörd "1" & <2>+=%';
  beforeEach(() => {
    values.set("ODD_PASSWORD", value);
    secret("ODD_PASSWORD").reveal();
  });

  test.each<[string, string]>([
    ["as it is", `login failed for bob:${value}!`],
    ["in a URL", `smtp://bob:${encodeURIComponent(value)}@mail.example`],
    ["in a URL in small letters", encodeURIComponent(value).toLowerCase()],
    ["in a form", new URLSearchParams({ password: value }).toString()],
    ["in JSON", JSON.stringify({ password: value })],
    ["in JSON in JSON", JSON.stringify({ body: JSON.stringify({ password: value }) })],
    ["in hex", Buffer.from(`x${value}x`).toString("hex")],
  ])("%s", (_, text) => {
    const hidden = redact(text);

    expect(hidden).toContain("•••");
    for (const part of ["p@ss", "p%40ss", "w%C3%B6rd", "w%c3%b6rd", "7040737"]) expect(hidden).not.toContain(part);
  });

  test.each(["", "b", "bo", "bob:", "\0bob\0"])("in base64 behind %j, and in the one for URLs", (before) => {
    for (const after of ["", "x", "xy"]) {
      for (const encoding of ["base64", "base64url"] as const) {
        const hidden = redact(`Basic ${Buffer.from(before + value + after).toString(encoding)}`);
        const rest = Buffer.from(hidden.replace("Basic ", "").replaceAll("•••", ""), encoding).toString();
        expect(hidden).toContain("•••");
        expect(rest).not.toContain("wörd");
      }
    }
  });

  test("in JSON values, with their names of members, and in errors with stack and causes", () => {
    const inner = new Error(`refused: ${value}`);
    const error = redactError(new Error(`not sent with ${value}`, { cause: inner }));

    expect(redactJson({ a: [`x ${value}`, 3, null], [value]: true })).toEqual({ a: ["x •••", 3, null], "•••": true });
    expect(inspect(error)).not.toContain("wörd");
    expect(inspect(error)).toContain("not sent with •••");
    expect(secretWithin({ to: ["nobody", `a${value}b`] })).toBe("ODD_PASSWORD");
    expect(secretWithin({ to: "nobody" })).toBeUndefined();
  });

  test("what holds none comes back as the same value", () => {
    const harmless = { a: ["x", 3] };

    expect(redactJson(harmless)).toBe(harmless);
  });
});
