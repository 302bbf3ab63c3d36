/** What breaks a page, hides in it, or turns the order of what is read. Line ends and tabs are harmless. */
const STEERING = /(?![\n\t\r])[\p{Cc}\u2028-\u202e\u2066-\u2069\p{Cs}]/gu;

/** The text with a visible sign in the place of whatever could steer a reader's eye or program. */
export function withoutSteering(text: string): string {
  return text.replaceAll(STEERING, "\ufffd");
}
