from tests.channels.weixin import WeComPlatform as DingTalkPlatform
