import type { Level } from './policy.ts';

/** Tells the audit log more of a request. The first value of a key stays. Keys are qualified, `pod-security.kubernetes.io/exempt`. @param least told at this level and above. */
export type Annotate = (key: string, value: string, least?: Level) => void;
