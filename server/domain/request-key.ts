/** The name that a client gave to a request, so that sending it again does nothing a second time. Names belong to a user and a route. */
export interface RequestKey {
  route: string
  key: string
  /** Of what was asked: the same name for something else is a conflict. */
  requestSha256: string
}
