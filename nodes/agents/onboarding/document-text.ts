import { fold } from "./names.js";

/** The documents that an onboarding needs. */
export const DOCUMENT_KINDS = ["identity_document", "proof_of_address", "company_register_extract"] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** One labelled value, and where it stands. */
export interface DocumentField {
  readonly value: string;
  /** 1-based, of the value. */
  readonly line: number;
  /** As the document writes it. */
  readonly label: string;
}

export type DocumentFields = ReadonlyMap<string, DocumentField>;

const MAX_VALUE_LINES = 4;

// Labels as documents of many countries print them, folded; a bilingual label counts when one of its halves is known.
const PERSON: Readonly<Record<string, readonly string[]>> = {
  surname: words(
    "surname|last name|family name|nachname|familienname|nom|apellidos|cognome|efternamn|nazwisko|фамилия|primary identifier",
  ),
  given_names: words(
    "given names|given name|first name|first names|vornamen|vorname|prenoms|prenom|nombre|nombres|nome|fornamn|imiona|собствено име|secondary identifier",
  ),
  full_name: words("name|full name|holder|name of holder|titular|titulaire|inhaber|имена|namn|imie i nazwisko"),
  birth_date: words(
    "date of birth|born|birth date|geburtsdatum|geboren am|date de naissance|fecha de nacimiento|data di nascita|fodelsedatum|data urodzenia|дата на раждане",
  ),
  expires_on: words(
    "date of expiry|date of expiration|expiry date|expires|expires on|valid until|gultig bis|date d expiration|fecha de caducidad|valido hasta|data di scadenza|scadenza|giltig till|data waznosci|валидност|валиден до",
  ),
};
const RESIDENCE: Readonly<Record<string, readonly string[]>> = {
  full_name: words(
    "name|full name|customer|customer name|account holder|bill to|addressee|kunde|kontoinhaber|mieter|titulaire|titular|cliente|intestatario|kund|namn|klient|imie i nazwisko|абонат|tenant|name of customer|subscriber",
  ),
  address: words(
    "address|service address|supply address|residential address|property|premises|adresse|anschrift|lieferanschrift|adresse de facturation|domicilio|direccion|direccion de suministro|indirizzo|indirizzo di fornitura|adress|adres|адрес|place of supply|site address",
  ),
};
const REGISTER: Readonly<Record<string, readonly string[]>> = {
  company_name: words(
    "name|company name|company|firma|legal name|entity name|denomination|denomination sociale|razon social|denominacion social|denominazione|denominazione sociale|foretagsnamn|nazwa|наименование|name of company|corporate name|business name|trade name",
  ),
  registration_number: words(
    "company number|registration number|register number|registernummer|nummer der firma|handelsregister|siren|nif|cif|kvk number|kvk nummer|organisationsnummer|numer krs|krs|еик|ein|abn|corporate number|cin|uid|business number|firmenbuchnummer|entity number|codice fiscale|partita iva|number",
  ),
  address: words(
    "registered office|registered address|registered office address|geschaftsanschrift|sitz und anschrift|siege social|domicilio social|sede legale|sate och adress|siedziba i adres|седалище и адрес|principal place of business|head office|visiting address|anschrift",
  ),
  status: words("status|company status|rechtszustand|etat|situation|estado|stato|stan|състояние|registration status"),
  officers: words(
    "director|directors|managing director|managing directors|geschaftsfuhrer|president|gerant|administrador|administrador unico|amministratore unico|styrelseledamot|prezes zarzadu|управител|officer|officers|representative director|signatory|member|bestuurder|proprietor",
  ),
};
const LABELS: Readonly<Record<DocumentKind, Readonly<Record<string, readonly string[]>>>> = {
  identity_document: PERSON,
  proof_of_address: RESIDENCE,
  company_register_extract: REGISTER,
};

/**
 * Reads the labelled values of a document: `Label: value`, dotted leaders, columns, table rows, and labels above their
 * value, in the languages known. The first of two equal labels counts; officers are gathered. Empty when nothing is labelled.
 */
export function readFields(kind: DocumentKind, lines: readonly string[]): DocumentFields {
  const found = new Map<string, DocumentField>();
  for (let index = 0; index < lines.length; index++) {
    const label = labelOf(kind, lines[index] ?? "");
    if (!label) continue;
    const read = readValue(kind, lines, index, label);
    if (read.value === "") continue;
    const known = found.get(label.field);
    if (!known) found.set(label.field, { value: read.value, line: read.line, label: label.written });
    else if (label.field === "officers") found.set(label.field, { ...known, value: `${known.value}; ${read.value}` });
  }
  return found;
}

interface Label {
  readonly field: string;
  readonly written: string;
  /** What stands beside it on its line. */
  readonly rest: string;
}

function labelOf(kind: DocumentKind, line: string): Label | undefined {
  const [written, rest] = splitLine(line);
  const halves = written
    .split(/\s*\/\s*/u)
    .map((half) => fold(half.replace(/^\W*\d+[a-z]?[.)]\s*/u, "").replace(/\(.*?\)/gu, "")));
  const field = Object.entries(LABELS[kind]).find(([, labels]) => halves.some((half) => labels.includes(half)))?.[0];
  return field === undefined ? undefined : { field, written: written.trim(), rest: rest.trim() };
}

/** Label and the rest of a line, whatever parts them: a table's bars, a colon, dots, an equals sign, a wide gap; else all is label. */
function splitLine(line: string): readonly [string, string] {
  const cells = line
    .split("|")
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "");
  if (line.trim().startsWith("|") && cells.length >= 2) return [cells[0] ?? "", cells.slice(1).join(" ")];
  const parted = /^\s*([^:=]+?)\s*(?::|=|\.{3,}|\s{2,}|\t)[\s.]*(.*)$/u.exec(line);
  return parted ? [parted[1] ?? "", parted[2] ?? ""] : [line, ""];
}

/** The value beside the label with its indented continuation, or the lines below a label that stands alone. */
function readValue(kind: DocumentKind, lines: readonly string[], index: number, { field, rest }: Label) {
  const values = rest === "" ? [] : [rest];
  let line = index + 1;
  const isBelow = rest === "";
  for (let next = index + 1; next < lines.length && values.length < MAX_VALUE_LINES; next++) {
    const text = lines[next] ?? "";
    const isEnd = text.trim() === "" || labelOf(kind, text) !== undefined;
    if (isEnd && !(isBelow && values.length === 0 && text.trim() === "")) break;
    if (text.trim() === "") continue;
    if (!isBelow && !/^(?:\s{4,}|\t)/u.test(text)) break;
    if (values.length === 0) line = next + 1;
    values.push(text.trim().replace(/^\|\s*|\s*\|$/gu, ""));
    if (isBelow && field !== "address" && field !== "officers") break;
  }
  return { value: values.join(", "), line };
}

function words(list: string): readonly string[] {
  return list.split("|");
}
