/**
 * A report as one Markdown file: the sections of the report itself, pictures by the names of their files, time and cost,
 * sample transcripts, where everything came from, and how another run differed. Pure: the caller collects and writes.
 */
import { markdownText } from "./markdownTable.ts"
import { reportDiff } from "./reportDiff.ts"
import type { HtmlReport } from "./reportHtml.ts"
import { reportMarkdown } from "./reportMarkdown.ts"
import { costSection, provenanceSection, transcriptSection } from "./runSections.ts"

/** A picture in a file beside the page. */
export interface PictureFile {
  readonly title: string
  /** As a link has it. */
  readonly file: string
}

const pictureSection = (pictures: ReadonlyArray<PictureFile>): ReadonlyArray<string> =>
  pictures.length === 0
    ? []
    : ["## Pictures", ...pictures.map(({ file, title }) => `![${markdownText(title)}](${encodeURI(file)})`)]

/** The page; its sections are in the order of the HTML. **Fails**: `RangeError` for counts that are none. */
export const reportPage = (
  { input, nodes = [], previous, provenance = [], transcripts = [] }: Omit<HtmlReport, "pictures">,
  pictures: ReadonlyArray<PictureFile> = []
): string => {
  const [head = "", ...rest] = reportMarkdown(input).trim().split(/\n(?=## )/)
  const sections = [
    head.trim(),
    ...pictureSection(pictures),
    rest.join("\n"),
    ...(previous === undefined ? [] : [reportDiff(previous, input)]),
    ...(nodes.length === 0 ? [] : [costSection(nodes)]),
    ...(transcripts.length === 0 ? [] : [transcriptSection(transcripts)]),
    ...(provenance.length === 0 ? [] : [provenanceSection(provenance)])
  ]
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`
}
