/**
 * fetch, which leads to the challenge page if the gate refuses the request until the second
 * factor is proved.
 */
export function eagateFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
