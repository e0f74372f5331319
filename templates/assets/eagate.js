// For the scripts of a single-page application: a fetch that has the user prove the second
// factor where the gate wants that.
const base = new URL("..", import.meta.url);

// Is fetch, and leads to the challenge page if the gate refuses the request until the
// second factor is proved.
export async function eagateFetch(input, init) {
  const response = await fetch(input, init);
  if (response.status === 403 && response.headers.get("Content-Type") === "application/problem+json") {
    const { type } = await response.clone().json();
    if (/^urn:eagate:problem:(second-factor|step-up)-required$/.test(type)) location.assign(new URL("challenge", base));
  }
  return response;
}
