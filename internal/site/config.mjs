// The static site of README.md and docs, by VitePress. make docs copies this file and the
// pages to .build/docs, where it has installed what package-lock.json pins, and runs it
// from the repository's root.
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const repository = 'https://github.com/eagate/eagate'

// Pages are the Markdown files of the root and of docs. The root's README.md is the home
// page, and the sidebar has the sections and the links of docs/README.md.
const isPage = (file) => /^(docs\/.*|[^/]*)\.md$/.test(file)
const address = (file) => file.replace(/README\.md$/, 'index.md')
const exists = (file) => existsSync(path.join(process.cwd(), file))

function sidebar() {
  const sections = readFileSync('docs/README.md', 'utf8').split(/^## /m).slice(1)
  return sections.map((section) => ({
    text: section.slice(0, section.indexOf('\n')),
    collapsed: false,
    items: [...section.matchAll(/\[([^\]]+)\]\(([^)#]+\.md)\)/g)].map(([, text, href]) => ({
      text: text[0].toUpperCase() + text.slice(1),
      link: '/' + address(path.posix.join('docs', href)).replace(/(index)?\.md$/, ''),
    })),
  }))
}

// follow makes a relative link one of the site, or of the repository where the site
// doesn't have it.
function follow(href, from) {
  if (/^([a-z]+:|#|\/\/)/.test(href)) return href
  const [target, anchor] = href.split('#')
  const file = path.posix.join(path.posix.dirname(from), target)
  if (!exists(file)) throw new Error(`${from}: the link ${href} leads nowhere`)
  const to = isPage(file) ? '/' + address(file) : `${repository}/blob/main/${file}`
  return anchor ? `${to}#${anchor}` : to
}

export default {
  title: 'eagate',
  description: 'A second factor for Go web applications',
  lang: 'en-GB',
  base: process.env.SITE_BASE || '/',
  srcDir: 'src',
  outDir: path.resolve('.build/site'),
  cacheDir: path.resolve('.build/docs/cache'),
  ignoreDeadLinks: 'localhostLinks',
  rewrites: address,
  markdown: {
    anchor: {
      // GitHub's, to which the pages link
      slugify: (heading) => heading.toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replace(/ /g, '-'),
    },
    config(md) {
      md.core.ruler.push('follow', ({ tokens, env }) => {
        const from = path.relative('.build/docs/src', env.realPath ?? env.path)
        for (const token of tokens.flatMap((t) => [t, ...(t.children ?? [])])) {
          if (token.type === 'link_open') token.attrSet('href', follow(token.attrGet('href'), from))
        }
      })
      // Vue would take {{ }} for its own.
      for (const rule of ['text', 'code_inline', 'code_block']) {
        const plain = md.renderer.rules[rule]
        md.renderer.rules[rule] = (...args) => plain(...args).replaceAll('{{', '&#123;&#123;')
      }
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: sidebar(),
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository }],
    nav: [{ text: 'All pages', link: '/docs/' }, { text: 'go doc', link: 'https://pkg.go.dev/github.com/eagate/eagate' }],
  },
}
