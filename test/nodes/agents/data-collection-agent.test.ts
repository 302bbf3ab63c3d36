import { describe, expect, test } from "vitest";
import { dataCollectionAgent } from "../../../nodes/agents/data-collection-agent.js";
import { collectCustomerInformation as playbook } from "../../../nodes/agents/onboarding/collect-customer-information.js";
import { readDataFile } from "../../support/fake-services.js";
import type { CustomerCase } from "../../support/onboarding.js";
import { collect, customerCase, findingsOf, inputsFor } from "../../support/onboarding.js";
import { questionOf } from "../../support/playbook-context.js";

const good = customerCase("C-1001");

function withFields(fields: Record<string, string>, id = "C-1001"): CustomerCase {
  const base = customerCase(id);
  return { ...base, application: { ...base.application, ...fields } };
}

describe("T1 writes an application the house's way", () => {
  test("a complete application is normalised without a question, and every change is told", async () => {
    const { customer, changes, supplied_by_person } = await collect(good);

    expect(customer).toEqual({
      customer_id: "C-1001",
      full_name: "Anna-Lena Vogt",
      first_name: "Anna-Lena",
      last_name: "Vogt",
      birth_date: "1986-03-14",
      email: "anna-lena.vogt@nordlicht-instruments.example",
      phone: "+492219471230",
      company_name: "Nordlicht Instruments GmbH",
      registration_number: "HRB 45678",
      country: "DE",
      address: { street: "Venloer Strasse 241", postal_code: "50823", city: "Köln", region: "" },
      time_zone: "Europe/Berlin",
    });
    expect(changes).toContainEqual({ field: "phone", from: "0221 / 947 12-30", to: "+492219471230" });
    expect(changes).toContainEqual({ field: "birth_date", from: "14.03.1986", to: "1986-03-14" });
    expect(supplied_by_person).toEqual([]);
  });

  test("an address written as one text is taken apart by the country's postal code", async () => {
    const answers = { application_1: { birth_date: "1985-04-03" } };
    const { customer } = await collect(customerCase("C-1015"), { answers });

    expect(customer.address).toEqual({
      street: "200 King Street West, Suite 1410",
      postal_code: "M5H 3T4",
      city: "Toronto",
      region: "ON",
    });
  });

  test("the same digits are read by the customs of each country", async () => {
    const american = await collect(customerCase("C-1007"));
    const french = await collect(customerCase("C-1003"));

    expect(american.customer).toMatchObject({
      birth_date: "1988-09-17",
      phone: "+12125550147",
      registration_number: "47-1234567",
    });
    expect(french.customer).toMatchObject({
      birth_date: "1990-06-23",
      phone: "+33472001844",
      registration_number: "812 345 678",
    });
  });
});

describe("T1 asks for what only a person can know, and makes nothing up", () => {
  test("all open fields come in one question, with what was found beside what is needed", async () => {
    const question = await questionOf(collect(customerCase("C-1002")));

    expect(question.key).toBe("application_1");
    expect(question.question).toContain(
      "Brightwater Analytics Ltd has no e-mail address; it has no registration number",
    );
    expect(question.evidence?.map(({ title }) => title)).toEqual(["e-mail address", "registration number"]);
    expect(question.evidence?.[1]).toMatchObject({
      left: { text: "(nothing)" },
      right: { text: expect.stringContaining("09876543") },
    });
    expect(question.answer.safeParse({ email: "a@b.example", registration_number: "" }).success).toBe(false);
  });

  test("the answers are normalised like the application, and marked as supplied by a person", async () => {
    const answers = { application_1: { email: " T.Whitcombe@Brightwater.example", registration_number: "0987 6543" } };
    const { customer, supplied_by_person } = await collect(customerCase("C-1002"), { answers });

    expect(customer).toMatchObject({ email: "t.whitcombe@brightwater.example", registration_number: "09876543" });
    expect(supplied_by_person).toEqual(["email", "registration_number"]);
  });

  test("an answer that is wrong again is asked again under a new key, and three rounds are the end", async () => {
    const bad = { email: "nobody", registration_number: "09876543" };
    const second = await questionOf(collect(customerCase("C-1002"), { answers: { application_1: bad } }));
    const answers = { application_1: bad, application_2: { email: "x" }, application_3: { email: "y" } };

    expect(second.key).toBe("application_2");
    expect(second.question).toContain('says "nobody" as e-mail address, which cannot be right');
    await expect(collect(customerCase("C-1002"), { answers })).rejects.toMatchObject({ failureClass: "permanent" });
  });

  test.each([
    ["phone", { phone: "call me" }, "phone number"],
    ["postal_code", { postal_code: "5082" }, "postal code"],
    ["registration_number", { registration_number: "HRB" }, "HRB 45678"],
    ["birth_date", { birth_date: "31.02.1986" }, "date of birth"],
    ["birth_date", { birth_date: "14.03.2015" }, "of age"],
    ["country", { country: "Atlantis" }, "country"],
    ["time_zone", { time_zone: "Europe/Cologne" }, "IANA"],
  ])("an invalid %s is asked for, never guessed", async (field, fields, words) => {
    const question = await questionOf(collect(withFields(fields)));

    expect(question.evidence).toHaveLength(1);
    expect(question.question + question.evidence?.[0]?.right?.text).toContain(words);
    expect(question.answer.safeParse({ [field]: "something" }).success).toBe(true);
  });

  test("an ambiguous date shows both readings", async () => {
    const question = await questionOf(collect(customerCase("C-1015")));

    expect(question.evidence?.[0]?.right?.text).toBe("one of: 1985-04-03; 1985-03-04");
  });

  test("an ambiguous city asks for the time zone and takes the choice word for word", async () => {
    const question = await questionOf(collect(customerCase("C-1012")));
    const answers = { application_1: { time_zone: "America/New_York (Maine)" } };

    expect(question.evidence?.[0]?.right?.text).toContain("America/Los_Angeles (Oregon)");
    expect((await collect(customerCase("C-1012"), { answers })).customer.time_zone).toBe("America/New_York");
  });

  test("an ambiguous country is asked for alone, since nothing else can be judged before", async () => {
    const question = await questionOf(collect(customerCase("C-1017")));
    const answers = { application_1: { country: "US (the state)" } };

    expect(question.evidence?.map(({ title }) => title)).toEqual(["country"]);
    expect((await collect(customerCase("C-1017"), { answers })).customer).toMatchObject({
      country: "US",
      phone: "+14045550118",
    });
  });

  test("a country without rules of ours passes with the general ones, and its time zone is asked for", async () => {
    const fields = { country: "Georgia", city: "Tbilisi", phone: "+995 32 255 0118", postal_code: "0108" };
    const answers = { application_1: { country: "GE (the country)" } };
    const question = await questionOf(collect(withFields(fields), { answers }));

    expect(question.question).toContain("has no time zone");
  });
});

describe("T1 heeds feedback and does not loop", () => {
  const refusal = { from: "checks", field: "/customer/email", reason: "customer.email bounces." };

  test("a reason heard once is met by reading again, the same one heard twice by a question", async () => {
    const once = await collect(good, { feedback: [refusal], attempt: 2 });
    const question = await questionOf(collect(good, { feedback: [refusal, refusal], attempt: 3 }));
    const answers = { refused_email: { value: "Vogt@Nordlicht.example" } };
    const settled = await collect(good, { feedback: [refusal, refusal], answers, attempt: 4 });

    expect(once.customer.email).toBe("anna-lena.vogt@nordlicht-instruments.example");
    expect(question).toMatchObject({
      key: "refused_email",
      question: expect.stringContaining("customer.email bounces."),
    });
    expect(settled.customer.email).toBe("vogt@nordlicht.example");
  });
});

describe("T1's checks find planted faults", () => {
  const inputs = inputsFor.collect(good);

  test("a clean result passes", async () => {
    expect(findingsOf("T1", playbook, await collect(good), inputs, good)).toEqual([]);
  });

  test("an empty required field is named, with what the application says", async () => {
    const output = await collect(good);
    const faulty = { ...output, customer: { ...output.customer, email: "" } };

    expect(findingsOf("T1", playbook, faulty, inputs, good)).toEqual([
      {
        checkId: "required_field_missing",
        field: "/customer/email",
        reason: expect.stringContaining(
          'customer.email is empty, but an onboarding needs it; the application says "Anna-Lena.Vogt@',
        ),
      },
    ]);
  });

  test("a field that is absent altogether breaks the contract, which names it", async () => {
    const output = await collect(good);
    const { registration_number: _, ...customer } = output.customer;
    const parsed = playbook.output.safeParse({ ...output, customer });

    expect(parsed.error?.issues[0]?.path).toEqual(["customer", "registration_number"]);
  });

  test.each([
    [
      "another customer's name",
      { full_name: "Thomas Whitcombe" },
      "/customer/full_name",
      'is "Thomas Whitcombe", but the application is from "anna-lena',
    ],
    [
      "another customer's id",
      { customer_id: "C-1002" },
      "/customer/customer_id",
      'is "C-1002", but the case is C-1001.',
    ],
    [
      "a phone number without country",
      { phone: "0221 9471230" },
      "/customer/phone",
      'customer.phone is "0221 9471230"',
    ],
    [
      "a register number of no register",
      { registration_number: "45678" },
      "/customer/registration_number",
      "written as HRB 45678",
    ],
  ])("%s is found", async (_, fields, field, words) => {
    const output = await collect(good);
    const faulty = { ...output, customer: { ...output.customer, ...fields } };

    expect(findingsOf("T1", playbook, faulty, inputs, good)).toEqual([
      expect.objectContaining({ field, reason: expect.stringContaining(words) }),
    ]);
  });
});

test("A1 is the dataset's agent", () => {
  expect(readDataFile("specialized_agents.json")).toContainEqual({
    agent_id: dataCollectionAgent.agentId,
    name: dataCollectionAgent.name,
    description: dataCollectionAgent.description,
  });
});
