import type { Informer, Informers } from '@keelson/runtime';
import { Pod } from '@keelson/types';
import { annotations, isStatic } from '../pod/annotations.ts';
import { podKey } from '../pod/naming.ts';

/** Where sources put what they find. */
export interface PodSink {
  update(pod: Pod): void;
  remove(pod: Pod): void;
}

/** The API server's pods of this node: those to run go to the sink, mirrors of static pods are kept apart. */
export class ApiSource {
  readonly #informer: Informer<Pod>;

  constructor(informers: Informers, nodeName: string) {
    this.#informer = informers.for(Pod, { fieldSelector: `spec.nodeName=${nodeName}` });
  }

  /** Feeds the sink from now on. `onMirror`: a mirror came, changed or went. */
  start(sink: PodSink, onMirror: () => void): () => void {
    return this.#informer.onChange((change) => {
      const { object } = change;
      if (isMirror(object)) return onMirror();
      // A pod deleted and made again under its name between two looks is two pods.
      if (change.type === 'updated' && change.old.metadata?.uid !== object.metadata?.uid) sink.remove(change.old);
      if (change.type === 'deleted') sink.remove(object);
      else sink.update(object);
    });
  }

  /** `namespace/name`. */
  get(key: string): Pod | undefined {
    return this.#informer.store.get(key);
  }

  get mirrors(): readonly Pod[] {
    return this.#informer.store.list().filter(isMirror);
  }

  /** The object that shows a pod's status: the pod, or for a static one its mirror, once there is one of the same manifest. */
  shownBy(pod: Pod): Pod | undefined {
    if (!isStatic(pod)) return pod;
    const mirror = this.get(podKey(pod));
    return mirror && mirror.metadata?.annotations?.[annotations.configHash] === pod.metadata?.annotations?.[annotations.configHash]
      ? mirror
      : undefined;
  }
}

export function isMirror(pod: Pod): boolean {
  return pod.metadata?.annotations?.[annotations.configMirror] !== undefined;
}
