import { describe, expect, test } from "vitest";
import { addressRefusal, literalAddress } from "../../../tools/connectors/http-address.js";

describe("what an address may be", () => {
  test.each(["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])("%s is public", (address) => {
    expect(addressRefusal(address, false)).toBeUndefined();
  });

  test.each([
    ..."127.0.0.1 127.8.8.8 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 ::1 fc00::1 ::ffff:127.0.0.1 ::ffff:7f00:1".split(
      " ",
    ),
  ])("%s is of this machine or house: reached only where that is allowed", (address) => {
    expect(addressRefusal(address, false)).toContain(address);
    expect(addressRefusal(address, true)).toBeUndefined();
  });

  test.each([
    ..."169.254.169.254 ::ffff:169.254.169.254 100.100.100.200 fd00:ec2::254 fe80::1 fe80::1%eth0 0.0.0.0 ::".split(
      " ",
    ),
    ..."224.0.0.1 255.255.255.255 240.0.0.1 192.0.2.1 64:ff9b::7f00:1 2002:7f00:1:: ff02::1 fec0::1 2001:db8::1".split(
      " ",
    ),
    ..."::2:7f00:1 4000::1 localhost 127.0.0.1.evil.example".split(" "),
    "",
  ])("%s is refused whatever is allowed", (address) => {
    expect(addressRefusal(address, true)).toBeDefined();
  });

  test("an address in a URL is told from a name", () => {
    expect(literalAddress("[::1]")).toBe("::1");
    expect(literalAddress("127.0.0.1")).toBe("127.0.0.1");
    expect(literalAddress("example.com")).toBeUndefined();
  });
});
