import { badRequest } from '@keelson/machinery';
import { TokenReview } from '@keelson/types';
import { answerTo, decodeBody } from '../../http/request.ts';
import { sendJson } from '../../http/respond.ts';
import type { ServedKind } from '../served-kind.ts';

/** Whose a token is: answered, never stored. */
export const tokenReviewKind = {
  kind: TokenReview,
  verbs: ['create'],
  async answer(request) {
    const body = (await decodeBody(request)) as unknown as TokenReview;
    const { services } = request;
    const { token, audiences: asked } = body.spec ?? {};
    if (!token) throw badRequest('token is required for TokenReview in authentication');
    const audiences = asked?.length ? asked : services.tokens.audiences;
    const result = await services.identify(token, audiences);
    const status =
      result.type === 'authenticated'
        ? {
            authenticated: true,
            user: {
              username: result.user.name,
              uid: result.user.uid,
              groups: [...new Set([...result.user.groups, 'system:authenticated'])],
              extra: result.user.extra,
            },
            audiences: result.audiences ?? audiences,
          }
        : { user: {}, error: result.type === 'invalid' ? result.message : 'invalid bearer token' };
    await sendJson(answerTo(request), 201, { ...body, metadata: {}, status });
  },
} satisfies Partial<ServedKind<TokenReview>>;
