/** Errors of Azure Blob Storage and of the way to it, in our words. */
import { certificateMeanings, type ErrorMeaning, type ErrorMeanings } from './error-meanings.ts';

const NO_CONTAINER: ErrorMeaning = {
  code: 'failed_precondition',
  message: 'container does not exist',
  lookAt: 'store.azure.container: create the container, or correct its name',
};
const CREDENTIALS: ErrorMeaning = {
  code: 'permission_denied',
  message: 'object store does not accept the credentials',
  lookAt:
    'store.azure.account and store.azure.account-key, the ambient identity (AZURE_*), and the time of this machine, which the signature holds',
};
const POLICY: ErrorMeaning = {
  code: 'permission_denied',
  message: 'object store denies access',
  lookAt: 'the roles of the identity (Storage Blob Data Contributor) and the firewall of the storage account',
};

/** By codes of the Blob service ("Status and error codes") and of Node. */
export const AZURE_MEANINGS: ErrorMeanings = {
  ContainerNotFound: NO_CONTAINER,
  ContainerDisabled: NO_CONTAINER,
  ResourceNotFound: NO_CONTAINER,
  InvalidResourceName: NO_CONTAINER,
  AuthenticationFailed: CREDENTIALS,
  InvalidAuthenticationInfo: CREDENTIALS,
  NoAuthenticationInformation: CREDENTIALS,
  AuthorizationFailure: POLICY,
  AuthorizationPermissionMismatch: POLICY,
  AuthorizationProtocolMismatch: POLICY,
  AuthorizationSourceIPMismatch: POLICY,
  InsufficientAccountPermissions: POLICY,
  AccountIsDisabled: POLICY,
  KeyBasedAuthenticationNotPermitted: POLICY,
  PublicAccessNotPermitted: POLICY,
  BlobImmutableDueToPolicy: POLICY,
  FeatureVersionMismatch: {
    code: 'failed_precondition',
    message: 'object store lacks an operation that is needed',
    lookAt: 'the version of the store',
  },
  ...certificateMeanings('NODE_EXTRA_CA_CERTS'),
};
