import { z } from "zod";

/** An application as the customer filled it in: any field may be absent, empty or oddly written. */
export const ApplicationSchema = z.strictObject({
  first_name: z.string().optional(),
  last_name: z.string().optional(),
  birth_date: z.string().optional(),
  email: z.string().optional(),
  phone: z.string().optional(),
  company_name: z.string().optional(),
  registration_number: z.string().optional(),
  country: z.string().optional(),
  street: z.string().optional(),
  postal_code: z.string().optional(),
  city: z.string().optional(),
  region: z.string().optional(),
  /** The address in one text, where the form had one field for it. */
  address: z.string().optional(),
  time_zone: z.string().optional(),
});
export type Application = z.output<typeof ApplicationSchema>;
export type FieldName = keyof Application;

/** A customer as the house writes one. Texts may be empty in the contract, so that the check can name the field. */
export const CustomerSchema = z.strictObject({
  customer_id: z.string(),
  full_name: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  birth_date: z.string(),
  email: z.string(),
  /** E.164. */
  phone: z.string(),
  company_name: z.string(),
  registration_number: z.string(),
  /** ISO 3166, two letters. */
  country: z.string(),
  address: z.strictObject({
    street: z.string(),
    postal_code: z.string(),
    city: z.string(),
    region: z.string(),
  }),
  /** IANA. */
  time_zone: z.string(),
});
export type Customer = z.output<typeof CustomerSchema>;

/** The address in one line, for people. */
export function addressLine({ address, country }: Pick<Customer, "address" | "country">): string {
  const place = [address.postal_code, address.city, address.region].filter((part) => part !== "").join(" ");
  return `${address.street}, ${place}, ${country}`;
}
