import { type ApiResult, failure, success } from '../world/api-error.ts';
import { type Answer, type ApiCall, isoTime } from './call.ts';

/** As much of STS as an agent with `assume_role` needs. Trust policies are not modelled: every role can be assumed. */
export function assumeRole(call: ApiCall): ApiResult<Answer> {
  const { params, world } = call;
  const roleArn = params.get('RoleArn') ?? '';
  const session = params.get('RoleSessionName') ?? '';
  const match = /^arn:[^:]+:iam::(\d{12}):role\/(.+)$/.exec(roleArn);
  const [, accountId, roleName] = match ?? [];
  if (accountId === undefined || roleName === undefined) return invalid(`${roleArn} is invalid`);
  if (!/^[\w+=,.@-]{2,64}$/.test(session))
    return invalid(`Value '${session}' at 'roleSessionName' failed to satisfy constraint`);
  const seconds = Number(params.get('DurationSeconds') ?? '3600');
  if (!(seconds >= 900 && seconds <= 43_200))
    return invalid(`Value '${seconds}' at 'durationSeconds' failed to satisfy constraint`);
  const accessKeyId = world.issueKey(accountId, roleArn);
  const shortName = roleName.split('/').at(-1) ?? roleName;
  return success({
    AssumeRoleResult: {
      Credentials: {
        AccessKeyId: accessKeyId,
        SecretAccessKey: 'sandbox-secret-access-key',
        SessionToken: `sandbox-session-${accessKeyId}`,
        Expiration: isoTime(world.clock.wallNow() + seconds * 1000),
      },
      AssumedRoleUser: {
        AssumedRoleId: `AROA${accountId}:${session}`,
        Arn: `arn:aws:sts::${accountId}:assumed-role/${shortName}/${session}`,
      },
      PackedPolicySize: 0,
    },
  });
}

export function getCallerIdentity(call: ApiCall): ApiResult<Answer> {
  const { world, accessKeyId } = call;
  return success({
    GetCallerIdentityResult: {
      Arn: world.arnOf(accessKeyId),
      UserId: accessKeyId,
      Account: world.accountOf(accessKeyId),
    },
  });
}

function invalid(message: string) {
  return failure('ValidationError', message);
}
