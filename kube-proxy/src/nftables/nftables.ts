import type { Clock, Logger } from '@keelson/base';
import type { Backend, ServiceStep, Surroundings } from '../backend.ts';
import { Claims } from '../claims.ts';
import type { WantedService } from '../model/types.ts';
import { baseTable, canary } from './base.ts';
import { fits, foundOf, writeBase, writeService } from './change.ts';
import type { Nft } from './contract.ts';
import { parseListing } from './listing.ts';
import { nodePortIPs } from './node-ports.ts';
import { renderService } from './service.ts';
import { Transaction, table } from './transaction.ts';
import { noRules, noTable, type RenderOptions, type ServiceRules, type Table } from './types.ts';

export interface NftablesParts {
  readonly nft: Nft;
  readonly render: RenderOptions;
  /** CIDRs of the addresses that answer node ports, or `primary`. */
  readonly nodePortAddresses: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Chains that nobody wants any more could not be deleted. It is tried again. */
  onCleanupFailure(): void;
}

/** Kernels before 6.2 need a moment to notice that nothing leads to a chain any more; milliseconds. */
const staleAfter = 1000;

/** Commands in one transaction of a first load: a bigger one takes no less time, and much memory. */
const groupCommands = 10_000;

/** Every service as elements of a few maps, and chains that choose among its endpoints, in the table `ip kube-proxy`. */
export class NftablesBackend implements Backend {
  readonly #parts: NftablesParts;
  #surroundings: Surroundings = { nodeIP: undefined, serviceRanges: [] };
  #rendered = new Map<string, ServiceRules>();
  #wanted = new Claims<string>();
  /** Elements that the kernel holds: what follows the key, by `CONTAINER KEY`. */
  #held = new Map<string, string>();
  /** Emptied chains, and since when. */
  #stale = new Map<string, number>();
  #nodePortIPs: readonly string[] | undefined;

  constructor(parts: NftablesParts) {
    this.#parts = parts;
  }

  async update(steps: readonly ServiceStep[]): Promise<void> {
    const tx = new Transaction();
    const touched = new Set<string>();
    for (const { key, service } of steps) {
      const before = this.#rendered.get(key) ?? noRules;
      const after = this.#render(key, service);
      for (const id of this.#wanted.claim(key, after.elements)) touched.add(id);
      this.#writeService(tx, before, after);
    }
    this.#writeElements(tx, touched);
    await this.#send(tx);
  }

  async resync(services: Iterable<WantedService>, surroundings: Surroundings): Promise<void> {
    this.#surroundings = surroundings;
    this.#nodePortIPs = this.#lookUpNodePortIPs();
    this.#rendered = new Map();
    for (const service of services) this.#render(service.key, service);
    const { render } = this.#parts;
    const serviceRanges = render.serviceRange === undefined ? surroundings.serviceRanges : [render.serviceRange];
    const base = baseTable({ ...render, nodePortIPs: this.#nodePortIPs, serviceRanges });
    this.#wanted = new Claims();
    for (const [owner, { elements }] of this.#rendered) this.#wanted.claim(owner, elements);
    this.#wanted.claim('', elementsOf(base));
    const text = await this.#parts.nft.list();
    const listed = parseListing(text);
    const anew = !fits(listed, base);
    const found = anew ? noTable : listed;
    this.#held = elementsOf(found);
    this.#stale = new Map();
    await this.#load(found, base, anew || text === '' ? { anew } : undefined);
  }

  async intact(): Promise<boolean> {
    const { nft, log } = this.#parts;
    if (this.#lookUpNodePortIPs()?.join() !== this.#nodePortIPs?.join()) {
      log.info('addresses of node ports changed: the rules are looked at anew');
      return false;
    }
    if (await nft.holds(canary)) {
      await this.#deleteStale();
      return true;
    }
    log.warn('somebody deleted our table: all rules are made anew');
    return false;
  }

  async cleanup(): Promise<void> {
    const families = ['ip', 'ip6'].map((family) => `${family} kube-proxy`);
    await this.#parts.nft.run(families.map((name) => `add table ${name}\ndelete table ${name}\n`).join(''));
  }

  /**
   * Hooks come last: until all is there, nothing is led astray by a part of it. What nobody wants goes with them.
   */
  async #load(found: Table, base: Table, begin: { readonly anew: boolean } | undefined): Promise<void> {
    let tx = new Transaction();
    if (begin) tx.begin(begin.anew);
    writeBase(tx, found, base, false);
    this.#writeElements(tx, elementsOf(base).keys());
    for (const rules of this.#rendered.values()) {
      this.#writeService(tx, foundOf(found, rules), rules);
      this.#writeElements(tx, rules.elements.keys());
      if (tx.size < groupCommands) continue;
      await this.#send(tx);
      tx = new Transaction();
    }
    writeBase(tx, found, base, true);
    this.#dropUnwanted(tx, found, base);
    this.#writeElements(tx, [...this.#held.keys()]);
    await this.#send(tx);
  }

  #dropUnwanted(tx: Transaction, found: Table, base: Table): void {
    const chains = new Set(base.chains.keys());
    const containers = new Set(base.containers.keys());
    for (const rules of this.#rendered.values()) {
      for (const name of rules.chains.keys()) chains.add(name);
      for (const name of rules.affinity.keys()) containers.add(name);
    }
    for (const [name, { hook, rules }] of found.chains) {
      if (chains.has(name)) continue;
      if (hook) {
        tx.dropChain(name);
        continue;
      }
      if (rules.length > 0) tx.emptyChain(name);
      this.#stale.set(name, this.#parts.clock.now());
    }
    for (const [name, { kind, elements }] of found.containers) {
      if (containers.has(name)) continue;
      tx.dropContainer(name, kind);
      for (const key of elements.keys()) this.#held.delete(`${name} ${key}`);
    }
  }

  #render(key: string, service: WantedService | undefined): ServiceRules {
    if (!service) {
      this.#rendered.delete(key);
      return noRules;
    }
    const rules = renderService(service, this.#parts.render, this.#surroundings.nodeIP);
    this.#rendered.set(key, rules);
    return rules;
  }

  #writeService(tx: Transaction, before: ServiceRules, after: ServiceRules): void {
    const now = this.#parts.clock.now();
    for (const chain of writeService(tx, before, after)) this.#stale.set(chain, now);
    for (const chain of after.chains.keys()) this.#stale.delete(chain);
  }

  /** Leaves in what is held what the kernel holds once this is sent. When it refuses, it is looked at anew. */
  #writeElements(tx: Transaction, ids: Iterable<string>): void {
    for (const id of ids) {
      const wanted = this.#wanted.get(id);
      const held = this.#held.get(id);
      if (wanted === held) continue;
      if (held !== undefined) tx.removeElement(id);
      if (wanted !== undefined) tx.addElement(id, wanted);
      if (wanted !== undefined) this.#held.set(id, wanted);
      else this.#held.delete(id);
    }
  }

  async #deleteStale(): Promise<void> {
    const { nft, clock, log, onCleanupFailure } = this.#parts;
    const now = clock.now();
    const chains = [...this.#stale].filter(([, since]) => now - since >= staleAfter).map(([chain]) => chain);
    if (chains.length === 0) return;
    try {
      await nft.run(chains.map((chain) => `delete chain ${table} ${chain}\n`).join(''));
      for (const chain of chains) this.#stale.delete(chain);
    } catch (error) {
      onCleanupFailure();
      log.error('chains that nobody wants could not be deleted: it is tried again', { err: error });
    }
  }

  #lookUpNodePortIPs(): readonly string[] | undefined {
    const { nft, nodePortAddresses } = this.#parts;
    return nodePortIPs(nodePortAddresses, this.#surroundings.nodeIP, nft.addresses());
  }

  async #send(tx: Transaction): Promise<void> {
    const text = tx.text();
    if (text !== '') await this.#parts.nft.run(text);
  }
}

function elementsOf({ containers }: Table): Map<string, string> {
  const elements = new Map<string, string>();
  for (const [name, container] of containers) for (const [key, tail] of container.elements) elements.set(`${name} ${key}`, tail);
  return elements;
}
