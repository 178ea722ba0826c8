import CFFmpeg

/// The libraries of FFmpeg that this program found.
public enum FFmpegLibraries {
  /// What they call themselves, such as `5.1.6-0+deb12u1`: others may decode other pictures.
  public static var version: String { String(cString: av_version_info()) }
}
