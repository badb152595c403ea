/** Who listens at a path, as every user may know. */
import { paths } from '../../layout.ts'
import { readIfThere } from '../../os/files.ts'

/** A host with more sockets than fit is one of which it is not known. */
const limit = 16 * 1024 * 1024

/** Whether a socket that was bound to such a name listens in this network namespace. Throws where that cannot be read. */
export function listensAt(isName: (name: string) => boolean): boolean {
  return isListening(readIfThere(paths.unixSockets, limit) ?? '', isName)
}

/**
 * From the text of the file, proc(5): `Num RefCount Protocol Flags Type St Inode Path`, where a flag says that it listens
 * (`__SO_ACCEPTCON` of include/uapi/linux/net.h).
 */
export function isListening(text: string, isName: (name: string) => boolean): boolean {
  return text.split('\n').some((line) => {
    const [, , , flags, , , , name] = line.trim().split(/ +/)
    return name !== undefined && (Number.parseInt(flags ?? '', 16) & accepts) !== 0 && isName(name)
  })
}

const accepts = 0x10000
