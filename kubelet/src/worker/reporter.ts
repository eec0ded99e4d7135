import { type Clock, errorMessage, type Logger, sleep } from '@keelson/base';
import { type Api, ApiError } from '@keelson/client';
import { isLater } from '@keelson/runtime';
import { Pod, type PodStatus } from '@keelson/types';
import { podName, podNamespace, podUid } from '../pod/naming.ts';
import { statusPatch } from './patch.ts';

interface Report {
  /** The API object that shows the status: the pod, or a static pod's mirror. */
  target: Pod;
  wanted: PodStatus;
  written: PodStatus | undefined;
  /** The revision `written` was written or read at. */
  revision: string;
  /** Resolves when what was wanted has been written, or has no reader any more. */
  busy: Promise<void> | undefined;
}

/** Writes pod statuses: one writer per pod, always the latest, nothing when nothing changed. */
export class Reporter {
  readonly #reports = new Map<string, Report>();
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #signal: AbortSignal;

  constructor(api: Api, clock: Clock, log: Logger, signal: AbortSignal) {
    this.#api = api;
    this.#clock = clock;
    this.#log = log;
    this.#signal = signal;
  }

  report(target: Pod, status: PodStatus): void {
    const uid = podUid(target);
    const report = this.#reports.get(uid) ?? { target, wanted: status, written: undefined, revision: '0', busy: undefined };
    const revision = target.metadata?.resourceVersion ?? '';
    // What others changed since, such as the readiness of a pod whose node was given up, is put right.
    if (isLater(revision, report.revision)) Object.assign(report, { written: target.status, revision });
    report.target = target;
    report.wanted = status;
    this.#reports.set(uid, report);
    report.busy ??= this.#write(report).finally(() => {
      report.busy = undefined;
    });
  }

  /** Resolves when the pod's latest status has been written. */
  async flush(uid: string): Promise<void> {
    await this.#reports.get(uid)?.busy;
  }

  forget(uid: string): void {
    this.#reports.delete(uid);
  }

  /** Deleted, or another pod of the same name: there is nobody left to tell. */
  async #isGone(target: Pod, error: unknown): Promise<boolean> {
    if (!(error instanceof ApiError) || (error.code !== 404 && error.code !== 409)) return false;
    if (error.code === 404) return true;
    const present = await this.#api.get(Pod, { name: podName(target), namespace: podNamespace(target) }).catch(() => undefined);
    return present !== undefined && podUid(present) !== podUid(target);
  }

  async #write(report: Report): Promise<void> {
    let delay = 200;
    // Deferred once, so that a step that reports and then acts does not wait for the writing to be prepared.
    await Promise.resolve();
    while (!this.#signal.aborted) {
      const { target, wanted } = report;
      const patch = statusPatch(podUid(target), report.written, wanted);
      if (!patch) return;
      try {
        const key = { name: podName(target), namespace: podNamespace(target) };
        const { metadata } = await this.#api.patch(Pod, key, 'application/strategic-merge-patch+json', patch, { subresource: 'status' });
        report.written = wanted;
        report.revision = metadata?.resourceVersion ?? '';
      } catch (error) {
        if (await this.#isGone(target, error)) return;
        this.#log.warn('could not write pod status', { pod: podName(target), error: errorMessage(error) });
        await sleep(this.#clock, delay, this.#signal).catch(() => undefined);
        delay = Math.min(delay * 2, 10_000);
      }
    }
  }
}
