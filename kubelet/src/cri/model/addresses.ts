import { RuntimeError } from '../types.ts';

/**
 * Addresses of one IPv4 range, handed out in order and around, as host-local does: a released address is not given out again until the
 * range has been gone through. The network, bridge (first) and broadcast (last) addresses are kept back.
 */
export class Addresses {
  readonly #cidr: string;
  readonly #base: number;
  readonly #size: number;
  readonly #used = new Set<number>();
  #last = 1;

  /** @throws RuntimeError `InvalidArgument` when `cidr` is not an IPv4 range of at least four addresses. */
  constructor(cidr: string) {
    const [address = '', prefix = ''] = cidr.split('/');
    const octets = address.split('.').map(Number);
    const bits = Number(prefix);
    const valid = octets.length === 4 && octets.every((octet) => octet >= 0 && octet <= 255) && bits >= 1 && bits <= 30;
    if (!valid) throw new RuntimeError('InvalidArgument', `invalid pod CIDR ${JSON.stringify(cidr)}`);
    this.#cidr = cidr;
    this.#size = 2 ** (32 - bits);
    const number = octets.reduce((sum, octet) => sum * 256 + octet, 0);
    this.#base = number - (number % this.#size);
  }

  /** @throws RuntimeError `Unknown` when all are in use. */
  take(): string {
    const usable = this.#size - 3;
    if (this.#used.size >= usable) throw new RuntimeError('Unknown', `no IP addresses available in range set: ${this.#cidr}`);
    do {
      this.#last = this.#last >= this.#size - 2 ? 2 : this.#last + 1;
    } while (this.#used.has(this.#last));
    this.#used.add(this.#last);
    return this.#text(this.#last);
  }

  release(ip: string): void {
    const number = ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
    this.#used.delete(number - this.#base);
  }

  #text(offset: number): string {
    const number = this.#base + offset;
    return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
  }
}
