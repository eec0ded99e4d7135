import type { Duplex } from 'node:stream';
import type { ClientRequest, ClientResponse } from '@keelson/client';
import type { JsonWebKeySet, TokenSigner, TokenVerdict } from '@keelson/pki';
import type { PolicyRule } from '@keelson/types';
import type { Authentication, AuthorizationAttributes, Decision, KnownRules, UserInfo } from '../auth/types.ts';

/** What handlers use of the server besides the registry. */
export interface Services {
  readonly tokens: Tokens;
  readonly kubelets: Kubelets;
  /** Whose a token of any kind is, where it is meant for one of the audiences. */
  identify(token: string, audiences: readonly string[]): Promise<Authentication> | Authentication;
  /** What ComponentStatus tells of. */
  readonly components?: readonly ComponentCheck[];
  authorize(attributes: AuthorizationAttributes): Promise<Decision>;
  /** Rules that RBAC has for a user. */
  rulesOf(user: UserInfo, namespace: string): readonly PolicyRule[];
  /** Rules of all authorizers, for SelfSubjectRulesReview. */
  allRulesOf(user: UserInfo, namespace: string): KnownRules;
}

/** A part of the control plane that can be asked how it does. */
export interface ComponentCheck {
  readonly name: string;
  /** Resolves to what it says when it is well. @throws what it says, or why it cannot be asked. */
  check(): Promise<string>;
}

/** Service-account tokens. */
export interface Tokens {
  readonly issuer: string;
  /** Those of this server: what a token is for that was asked for without any. */
  readonly audiences: readonly string[];
  readonly terms?: TokenTerms;
  /** PEM. Tokens kept in Secrets are checked with them; where there are none, no such token is taken. */
  readonly publicKeys?: readonly string[];
  readonly signer: TokenSigner;
  /** The public keys, for whoever checks tokens by itself. */
  readonly keySet: JsonWebKeySet;
  /** Checks the signature, the times and, where given, that one of the audiences is meant. */
  verify(token: string, audiences?: readonly string[]): Promise<TokenVerdict>;
}

/** How long service-account tokens live. */
export interface TokenTerms {
  /** Pods' own tokens live a year, with a note when that is made use of: clients that never read them again go on working. */
  readonly extend: boolean;
  /** Seconds no token may be asked to live longer than; unbounded when absent. */
  readonly longest?: number | undefined;
}

/** Where a kubelet listens. */
export interface KubeletAddress {
  readonly host: string;
  readonly port: number;
  /** The node's name, which its certificate is for. */
  readonly node: string;
}

/** The way to kubelets, with the API server's own client certificate. */
export interface Kubelets {
  send(kubelet: KubeletAddress, request: ClientRequest): Promise<ClientResponse>;
  /** A TLS connection on which a request can be written by hand. */
  dial(kubelet: KubeletAddress): Promise<Duplex>;
}

/** Joins the client's upgraded connection with one to `kubelet` at `path`. */
export type Tunnel = (kubelet: KubeletAddress, path: string) => Promise<void>;
