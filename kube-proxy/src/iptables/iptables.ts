import type { Logger } from '@keelson/base';
import type { Backend, ServiceStep } from '../backend.ts';
import type { WantedService } from '../model/types.ts';
import { canary, tables } from './base.ts';
import { type Change, fullChange, isEmpty, serviceChange } from './change.ts';
import { cleanup } from './cleanup.ts';
import type { Rules } from './contract.ts';
import { noRules, type RenderOptions, type ServiceRules } from './rules.ts';
import { parseSave } from './save.ts';
import { script } from './script.ts';
import { renderService } from './service.ts';

export interface IptablesParts {
  readonly rules: Rules;
  readonly render: RenderOptions;
  readonly log: Logger;
}

/** Every service as rules of iptables, in upstream's chains. */
export class IptablesBackend implements Backend {
  readonly #rules: Rules;
  readonly #options: RenderOptions;
  readonly #log: Logger;
  #rendered = new Map<string, ServiceRules>();

  constructor({ rules, render, log }: IptablesParts) {
    this.#rules = rules;
    this.#options = render;
    this.#log = log;
  }

  async update(steps: readonly ServiceStep[]): Promise<void> {
    const text = script(steps.map((step) => this.#step(step)).filter((change) => !isEmpty(change)));
    if (text !== '') await this.#rules.restore(text);
  }

  async resync(services: Iterable<WantedService>): Promise<void> {
    this.#rendered = new Map(Array.from(services, (service) => [service.key, renderService(service, this.#options)]));
    const kernel = parseSave(await this.#rules.save());
    for (const change of fullChange(kernel, this.#options, this.#rendered.values())) await this.#rules.restore(script([change]));
  }

  async intact(): Promise<boolean> {
    const present = await Promise.all(tables.map((table) => this.#rules.hasChain(table, canary)));
    if (!present.includes(false)) return true;
    this.#log.warn('somebody deleted our chains: all rules are made anew');
    return false;
  }

  cleanup(): Promise<void> {
    return cleanup(this.#rules);
  }

  #step({ key, service }: ServiceStep): Change {
    const before = this.#rendered.get(key) ?? noRules;
    const after = service ? renderService(service, this.#options) : noRules;
    if (service) this.#rendered.set(key, after);
    else this.#rendered.delete(key);
    return serviceChange(before, after);
  }
}
