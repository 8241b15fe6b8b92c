// A user is who an issuer says, so this name must outlive every change of the server's address.
export const LOCAL_ISSUER = 'local'
export const LOCAL_AUDIENCE = 'pantheon'
