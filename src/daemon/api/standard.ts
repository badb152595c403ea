/** The interfaces of every object: https://dbus.freedesktop.org/doc/dbus-specification.html#standard-interfaces */
import { readFileSync } from 'node:fs'
import { gives, refuse } from './answers.ts'
import { type Interface, introspect, type Method, nothing, type Property, takes, type Variant } from './describe.ts'

/** By path, the interfaces of our own that objects have. */
export type Objects = ReadonlyMap<string, readonly Interface[]>

export const propertiesInterface = 'org.freedesktop.DBus.Properties'
export const objectManagerInterface = 'org.freedesktop.DBus.ObjectManager'

/** The object whose children org.freedesktop.DBus.ObjectManager finds. */
export const rootPath = '/org/ifbalance1'

/** The next parts of the paths below `path`: for `/org`, `ifbalance1`. */
export function childrenOf(path: string, objects: Objects): readonly string[] {
  const start = path === '/' ? '/' : `${path}/`
  const below = [...objects.keys()].filter((other) => other !== '/' && other.startsWith(start))
  return [...new Set(below.map((other) => other.slice(start.length).split('/', 1).join()))]
}

/** The standard interfaces of an object of ours, or of an empty one above them, which only serves to find it. */
export function standardInterfaces(path: string, objects: Objects): readonly Interface[] {
  const own = objects.get(path) ?? []
  const offered: Interface[] = [
    ...(own.length > 0 ? [propertiesOf(own)] : []),
    ...(path === rootPath ? [managerOf(objects)] : []),
    peer,
  ]
  const introspectable = withMethods('org.freedesktop.DBus.Introspectable', {
    Introspect: {
      takes: [],
      gives: takes('xml_data:s'),
      run: () => gives('s', introspect([...own, ...offered, introspectable], childrenOf(path, objects))),
    },
  })
  return [...offered, introspectable]
}

function withMethods(name: string, methods: Readonly<Record<string, Method>>, signals: Interface['signals'] = nothing) {
  return { name, methods: new Map(Object.entries(methods)), signals, properties: nothing }
}

const peer: Interface = withMethods('org.freedesktop.DBus.Peer', {
  Ping: { takes: [], gives: [], run: () => gives('') },
  GetMachineId: {
    takes: [],
    gives: takes('machine_uuid:s'),
    run: () => gives('s', readFileSync('/etc/machine-id', 'utf8').trim()),
  },
})

function propertiesOf(own: readonly Interface[]): Interface {
  const find = (name: string) => own.find((face) => face.name === name)
  const property = (face: string, name: string) =>
    (face === '' ? own : own.filter((one) => one.name === face))
      .map(({ properties }) => properties.get(name))
      .find((one) => one !== undefined)
  return withMethods(
    propertiesInterface,
    {
      Get: {
        takes: takes('interface_name:s', 'property_name:s'),
        gives: takes('value:v'),
        run: ([face, name]) => {
          const found = property(String(face), String(name))
          return found ? gives('v', variant(found)) : refuse('unknownProperty', 'there is no such property')
        },
      },
      GetAll: {
        takes: takes('interface_name:s'),
        gives: takes('properties:a{sv}'),
        run: ([name]) => {
          const face = find(String(name))
          if (face) return gives('a{sv}', [...valuesOf(face)])
          // The specification allows an empty name for "all interfaces".
          if (name === '')
            return gives(
              'a{sv}',
              own.flatMap((one) => [...valuesOf(one)]),
            )
          return refuse('unknownInterface', 'the object has no properties of this interface')
        },
      },
      Set: {
        takes: takes('interface_name:s', 'property_name:s', 'value:v'),
        gives: [],
        run: ([face, name]) =>
          property(String(face), String(name))
            ? refuse('propertyReadOnly', 'the property can only be read')
            : refuse('unknownProperty', 'there is no such property'),
      },
    },
    new Map([
      ['PropertiesChanged', takes('interface_name:s', 'changed_properties:a{sv}', 'invalidated_properties:as')],
    ]),
  )
}

function managerOf(objects: Objects): Interface {
  return withMethods(
    objectManagerInterface,
    {
      GetManagedObjects: {
        takes: [],
        gives: takes('object_paths_interfaces_and_properties:a{oa{sa{sv}}}'),
        run: () => {
          const managed = [...objects].filter(([path]) => path.startsWith(`${rootPath}/`))
          return gives(
            'a{oa{sa{sv}}}',
            managed.map(([path, interfaces]) => [path, described(interfaces)]),
          )
        },
      },
    },
    new Map([
      ['InterfacesAdded', takes('object_path:o', 'interfaces_and_properties:a{sa{sv}}')],
      ['InterfacesRemoved', takes('object_path:o', 'interfaces:as')],
    ]),
  )
}

/** Properties by interface, as `a{sa{sv}}`. */
export function described(interfaces: readonly Interface[]): readonly unknown[] {
  return interfaces.map((face) => [face.name, [...valuesOf(face)]])
}

/** The properties of an interface, as `a{sv}`. */
function valuesOf({ properties }: Interface): ReadonlyMap<string, Variant> {
  return new Map([...properties].map(([name, property]) => [name, variant(property)]))
}

function variant({ type, read }: Property): Variant {
  return [type, read()]
}
