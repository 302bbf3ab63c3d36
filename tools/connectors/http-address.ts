import ipaddr from "ipaddr.js";

/** Ranges of machines in a house: reached only where that is allowed. */
const PRIVATE: ReadonlySet<string> = new Set(["loopback", "private", "uniqueLocal", "carrierGradeNat"]);
/** What all public IPv6 addresses lie in. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");
/** Where clouds hand out credentials to whoever asks; link-local ones are refused as a range. */
const METADATA: ReadonlySet<string> = new Set(["100.100.100.200", "fd00:ec2::254"]);

/**
 * Why no connection may be made to an IP address, or undefined when it may. IPv4 inside IPv6 counts as the IPv4 that it
 * means. Link-local, metadata, multicast, translated and reserved addresses are refused whatever is allowed.
 */
export function addressRefusal(address: string, allowPrivate: boolean): string | undefined {
  if (!ipaddr.isValid(address)) return `${address} is not an IP address`;
  const ip = ipaddr.process(address);
  const range = ip.range();
  if (METADATA.has(ip.toString())) return `${address} is a metadata address`;
  if (PRIVATE.has(range)) return allowPrivate ? undefined : `${address} is a ${range} address`;
  const isPublic = range === "unicast" && (ip.kind() === "ipv4" || ip.match(GLOBAL_UNICAST));
  return isPublic ? undefined : `${address} is a ${range === "unicast" ? "reserved" : range} address`;
}

/** The IP address that a URL's host is, without brackets; undefined when it is a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/gu, "");
  return ipaddr.isValid(bare) ? bare : undefined;
}
