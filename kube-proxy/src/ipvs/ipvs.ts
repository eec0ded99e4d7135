import type { Logger } from '@keelson/base';
import { parseCidr, parseIp, rangeContains } from '@keelson/machinery';
import type { Backend, ServiceStep } from '../backend.ts';
import { Claims } from '../claims.ts';
import { isEmpty } from '../iptables/change.ts';
import type { Rules } from '../iptables/contract.ts';
import type { RenderOptions } from '../iptables/rules.ts';
import { parseSave } from '../iptables/save.ts';
import { script } from '../iptables/script.ts';
import type { WantedService } from '../model/types.ts';
import { chainsChange, chainsCleanup } from './chains.ts';
import { device, type IpvsKernel } from './contract.ts';
import { serviceParts } from './parts.ts';
import { missingSets, parseSets } from './sets.ts';
import { parseTable, tableStep } from './table.ts';
import type { HeldTable, HeldVirtualServer, VirtualServer } from './types.ts';

export interface IpvsParts {
  readonly kernel: IpvsKernel;
  readonly rules: Rules;
  readonly render: RenderOptions;
  readonly scheduler: string;
  /** CIDRs of virtual servers that are somebody else's. */
  readonly excluded: readonly string[];
  readonly log: Logger;
}

/** What the kernel holds of ours, as far as is known. */
interface Held {
  readonly table: Map<string, HeldVirtualServer>;
  readonly entries: Set<string>;
  readonly addresses: Set<string>;
}

/** Texts for `ipset restore`, `iptables-restore`, `ipvsadm --restore` and `ip -batch`, in the order in which they need each other. */
interface Transaction {
  readonly sets: string;
  readonly chains: string;
  readonly servers: string;
  readonly addresses: string;
}

/** Every service as virtual servers of IPVS, and sets of addresses that a few unchanging rules of iptables look into. */
export class IpvsBackend implements Backend {
  readonly #parts: IpvsParts;
  #servers = new Claims<VirtualServer>();
  #entries = new Claims<true>();
  #addresses = new Claims<true>();
  #nodeAddresses: readonly string[] = [];
  #held: Held = { table: new Map(), entries: new Set(), addresses: new Set() };

  constructor(parts: IpvsParts) {
    this.#parts = parts;
  }

  async update(steps: readonly ServiceStep[]): Promise<void> {
    const touched = { servers: new Set<string>(), entries: new Set<string>(), addresses: new Set<string>() };
    for (const { key, service } of steps) {
      const ids = this.#claim(key, service);
      for (const kind of ['servers', 'entries', 'addresses'] as const) for (const id of ids[kind]) touched[kind].add(id);
    }
    await this.#send({
      chains: '',
      sets: text(entryLines(touched.entries, this.#held.entries, this.#entries)),
      servers: text(tableLines(touched.servers, this.#held.table, this.#servers)),
      addresses: text(addressLines(touched.addresses, this.#held.addresses, this.#addresses)),
    });
  }

  async resync(services: Iterable<WantedService>): Promise<void> {
    this.#nodeAddresses = this.#parts.kernel.nodeAddresses(device);
    [this.#servers, this.#entries, this.#addresses] = [new Claims(), new Claims(), new Claims()];
    for (const service of services) this.#claim(service.key, service);
    const { transaction, held } = await this.#differences();
    this.#held = held;
    await this.#send(transaction);
  }

  async intact(): Promise<boolean> {
    const { kernel, log } = this.#parts;
    const moved = kernel.nodeAddresses(device).join() !== this.#nodeAddresses.join();
    const { chains, sets, servers, addresses } = (await this.#differences()).transaction;
    if (!moved && chains + sets + servers + addresses === '') return true;
    log.info('the kernel is not as wanted: all of it is looked at anew', { servers, sets, addresses, chains, moved });
    return false;
  }

  async cleanup(): Promise<void> {
    const { kernel, rules } = this.#parts;
    const chains = script([chainsCleanup(parseSave(await rules.save()))]);
    if (chains !== '') await rules.restore(chains);
    const { names } = parseSets(await kernel.sets());
    if (names.size > 0) await kernel.restoreSets(text([...names].map((name) => `destroy ${name}`)));
    // Without the device we were never here, and what virtual servers there are are somebody else's.
    if (!(await kernel.addresses(device))) return;
    const gone = [...this.#ours(parseTable(await kernel.servers()))].flatMap(([key, held]) => tableStep(key, held, undefined).lines);
    if (gone.length > 0) await kernel.restoreServers(text(gone));
    await kernel.restoreAddresses(text([`link delete ${device}`]));
  }

  #claim(key: string, service: WantedService | undefined): Record<'servers' | 'entries' | 'addresses', Set<string>> {
    const options = { scheduler: this.#parts.scheduler, nodeAddresses: this.#nodeAddresses };
    const parts = service && serviceParts(service, options);
    return {
      servers: this.#servers.claim(key, parts?.servers ?? new Map()),
      entries: this.#entries.claim(key, parts ? allOf(parts.entries) : new Map()),
      addresses: this.#addresses.claim(key, parts ? allOf(parts.addresses) : new Map()),
    };
  }

  /** Looks at the kernel, and says what separates it from what is wanted, and what it holds once that is sent. */
  async #differences(): Promise<{ readonly transaction: Transaction; readonly held: Held }> {
    const { kernel, rules, render } = this.#parts;
    const [servers, sets, addresses, saved] = await Promise.all([kernel.servers(), kernel.sets(), kernel.addresses(device), rules.save()]);
    const found = parseSets(sets);
    const held: Held = { table: new Map(this.#ours(parseTable(servers))), entries: new Set(found.entries), addresses: new Set(addresses) };
    const chains = chainsChange(parseSave(saved), render);
    const transaction = {
      sets: text([...missingSets(found.names), ...entryLines([...held.entries, ...this.#entries.ids()], held.entries, this.#entries)]),
      chains: isEmpty(chains) ? '' : script([chains]),
      servers: text(tableLines([...held.table.keys(), ...this.#servers.ids()], held.table, this.#servers)),
      addresses: text([
        ...(addresses ? [] : [`link add ${device} type dummy`]),
        ...addressLines([...held.addresses, ...this.#addresses.ids()], held.addresses, this.#addresses),
      ]),
    };
    return { transaction, held };
  }

  *#ours(table: HeldTable): Generator<[string, HeldVirtualServer]> {
    const excluded = this.#parts.excluded.flatMap((cidr) => parseCidr(cidr) ?? []);
    for (const [key, held] of table) {
      const ip = parseIp(key.replace(/^\w+ \[?|\]?:\d+$/g, ''));
      if (ip && !excluded.some((range) => rangeContains(range, ip))) yield [key, held];
    }
  }

  async #send({ sets, chains, servers, addresses }: Transaction): Promise<void> {
    const { kernel, rules } = this.#parts;
    if (sets !== '') await kernel.restoreSets(sets);
    if (chains !== '') await rules.restore(chains);
    if (servers !== '') await kernel.restoreServers(servers);
    if (addresses !== '') await kernel.restoreAddresses(addresses);
  }
}

/*
 * Each of these leaves in what is held what the kernel holds once its lines are sent. When it refuses them, it is looked at anew.
 */

function tableLines(keys: Iterable<string>, table: Map<string, HeldVirtualServer>, wanted: Claims<VirtualServer>): string[] {
  return [...new Set(keys)].flatMap((key) => {
    const { lines, held } = tableStep(key, table.get(key), wanted.get(key));
    if (held) table.set(key, held);
    else table.delete(key);
    return lines;
  });
}

function entryLines(ids: Iterable<string>, held: Set<string>, wanted: Claims<true>): string[] {
  const lines: string[] = [];
  for (const id of new Set(ids)) {
    if (wanted.has(id) === held.has(id)) continue;
    lines.push(`${wanted.has(id) ? 'add' : 'del'} ${id}`);
    if (wanted.has(id)) held.add(id);
    else held.delete(id);
  }
  return lines;
}

function addressLines(ids: Iterable<string>, held: Set<string>, wanted: Claims<true>): string[] {
  return entryLines(ids, held, wanted).map((line) => `address ${line}/32 dev ${device}`);
}

function allOf(ids: readonly string[]): ReadonlyMap<string, true> {
  return new Map(ids.map((id) => [id, true]));
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
