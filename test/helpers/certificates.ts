// X.509 certificates for a test, made of nothing but node:crypto: an authority, and what it vouches for. They are valid for a day.
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A value in DER: its tag, its length, its parts. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const long = body.length < 0x1_00 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff]; // prettier-ignore
  return Buffer.concat([Buffer.from([tag, ...long]), body]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
/** An object identifier, given as it is encoded. */
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));

function nameOf(text: string): Buffer {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
}

function timeOf(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return der(0x18, Buffer.from(digits));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, bytes(0xff))] : []), der(0x04, value));
}

const isAuthority = extension('551d13', true, sequence(der(0x01, bytes(0xff))));

/** Names that the certificate is good for: hosts, or addresses of IPv4. */
function subjectsOf(hosts: readonly string[]): Buffer {
  const names = hosts.map(
    (host) =>
    isIP(host) === 4 ? der(0x87, bytes(...host.split('.').map(Number))) : der(0x82, Buffer.from(host)), // prettier-ignore
  );
  return extension('551d11', false, sequence(...names));
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

export interface Certified {
  readonly cert: string;
  readonly key: string;
}

export class Authority {
  /** Its own certificate, for `ca`. */
  readonly cert: string;
  readonly #name: string;
  readonly #key: KeyObject;

  constructor(name = 'authority of a test') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#name = name;
    this.#key = privateKey;
    this.cert = this.#certify(name, publicKey, isAuthority);
  }

  /** A certificate for these hosts, with its key. */
  issue(name: string, hosts: readonly string[]): Certified {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    return { cert: this.#certify(name, publicKey, subjectsOf(hosts)), key };
  }

  #certify(subject: string, key: KeyObject, ...extensions: readonly Buffer[]): string {
    const now = Date.now();
    const serial = Buffer.concat([bytes(0x01), randomBytes(8)]);
    const content = sequence(
      der(0xa0, der(0x02, bytes(0x02))),
      der(0x02, serial),
      ecdsaWithSha256,
      nameOf(this.#name),
      sequence(timeOf(now - 3_600_000), timeOf(now + 86_400_000)),
      nameOf(subject),
      key.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', content, this.#key);
    return pem(sequence(content, ecdsaWithSha256, der(0x03, bytes(0x00), signature)));
  }
}
