import { rfc3339 } from '@keelson/base';
import { SelfSubjectReview } from '@keelson/types';
import { answerTo, decodeBody } from '../../http/request.ts';
import { sendJson } from '../../http/respond.ts';
import type { ServedKind } from '../served-kind.ts';

/** `kubectl auth whoami`: who the server takes the client for. */
export const selfSubjectReviewKind = {
  kind: SelfSubjectReview,
  verbs: ['create'],
  async answer(request) {
    const body = await decodeBody(request);
    const { name: username, uid, groups, extra } = request.user;
    const metadata = { creationTimestamp: rfc3339(request.clock.now()) };
    await sendJson(answerTo(request), 201, {
      ...body,
      metadata,
      status: { userInfo: { username, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) } },
    });
  },
} satisfies Partial<ServedKind<SelfSubjectReview>>;
