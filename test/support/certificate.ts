import type { KeyObject } from "node:crypto";
import { generateKeyPairSync, sign } from "node:crypto";

/** Of whom a certificate of a test speaks. */
export interface CertificateParts {
  /** Names of hosts; default `localhost`. */
  readonly hosts?: readonly string[];
  /** Addresses of version 4; default none. */
  readonly addresses?: readonly string[];
  /** Default an hour ago, and an hour from now. */
  readonly from?: Date;
  readonly to?: Date;
}

const HOUR_MS = 3_600_000;
const SEQUENCE = 0x30;
const ECDSA_WITH_SHA256 = der(SEQUENCE, Buffer.from("06082a8648ce3d040302", "hex"));
const COMMON_NAME = Buffer.from("0603550403", "hex");
const ALTERNATIVE_NAMES = Buffer.from("0603551d11", "hex");

/** A new key, and a certificate of X.509 that it has signed itself, both as PEM. */
export function selfSigned(parts: CertificateParts = {}): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const told = toldOf(publicKey, parts);
  const signature = sign("sha256", told, privateKey);
  const bytes = der(SEQUENCE, told, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
  const lines = bytes.toString("base64").replace(/.{64}/gu, "$&\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

function toldOf(publicKey: KeyObject, parts: CertificateParts): Buffer {
  const { hosts = ["localhost"], addresses = [] } = parts;
  const { from = new Date(Date.now() - HOUR_MS), to = new Date(Date.now() + HOUR_MS) } = parts;
  const name = der(SEQUENCE, der(0x31, der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from("a test")))));
  const names = [
    ...hosts.map((host) => der(0x82, Buffer.from(host))),
    ...addresses.map((address) => der(0x87, Buffer.from(address.split(".").map(Number)))),
  ];
  const extension = der(SEQUENCE, ALTERNATIVE_NAMES, der(0x04, der(SEQUENCE, ...names)));
  return der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ...[ECDSA_WITH_SHA256, name, der(SEQUENCE, moment(from), moment(to)), name],
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(SEQUENCE, extension)),
  );
}

/** As `UTCTime`. */
function moment(at: Date): Buffer {
  return der(0x17, Buffer.from(`${at.toISOString().slice(2, 19).replace(/[-T:]/gu, "")}Z`));
}

/** A value in the encoding of certificates: what it is, how long it is, and itself. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}
